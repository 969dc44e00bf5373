-- Times are microseconds since the Unix epoch; keys are SHA-256 digests.

CREATE TABLE user (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT,
    standing INTEGER NOT NULL CHECK (standing BETWEEN 0 AND 2),
    made INTEGER NOT NULL,
    password_changed INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE role (
    user BLOB NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
    kind INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    user BLOB NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    content BLOB NOT NULL,
    made INTEGER NOT NULL,
    used INTEGER,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_of_user ON credential (user, kind, made);

CREATE TABLE token (
    key BLOB PRIMARY KEY NOT NULL CHECK (length(key) = 32),
    user BLOB NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    content TEXT NOT NULL,
    expires INTEGER NOT NULL,
    UNIQUE (user, purpose)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_end ON token (expires);

CREATE TABLE activity (
    user BLOB NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (user, number)
) STRICT, WITHOUT ROWID;

-- Sessions and devices name users without a foreign key: they may live in another store than people do.
CREATE TABLE session (
    key BLOB PRIMARY KEY NOT NULL CHECK (length(key) = 32),
    user BLOB,
    began INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    idle_end INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL,
    proved INTEGER,
    factors INTEGER NOT NULL,
    family BLOB,
    agent TEXT NOT NULL,
    network TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_user ON session (user, seen) WHERE user IS NOT NULL;
CREATE INDEX session_of_family ON session (family) WHERE family IS NOT NULL;
CREATE INDEX session_end ON session (min(idle_end, absolute_end));

CREATE TABLE remembered (
    family BLOB PRIMARY KEY NOT NULL CHECK (length(family) = 32),
    user BLOB NOT NULL,
    token BLOB NOT NULL,
    before BLOB,
    began INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_by_user ON remembered (user);
CREATE INDEX remembered_end ON remembered (absolute_end);

CREATE TABLE used (
    key BLOB PRIMARY KEY NOT NULL CHECK (length(key) = 32),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_until ON used (until);
