-- Times are microseconds since the Unix epoch; keys are SHA-256 digests. Texts are compared byte by byte.

CREATE TABLE portcullis.person (
    id BYTEA PRIMARY KEY CHECK (octet_length(id) = 16),
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT,
    standing SMALLINT NOT NULL CHECK (standing BETWEEN 0 AND 2),
    made BIGINT NOT NULL,
    password_changed BIGINT
);

CREATE TABLE portcullis.role (
    person BYTEA NOT NULL REFERENCES portcullis.person (id) ON DELETE CASCADE,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (person, role)
);

CREATE TABLE portcullis.credential (
    kind SMALLINT NOT NULL,
    key BYTEA NOT NULL CHECK (octet_length(key) = 32),
    person BYTEA NOT NULL REFERENCES portcullis.person (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    content BYTEA NOT NULL,
    made BIGINT NOT NULL,
    used BIGINT,
    PRIMARY KEY (kind, key)
);
CREATE INDEX credential_of_person ON portcullis.credential (person, kind, made);

CREATE TABLE portcullis.token (
    key BYTEA PRIMARY KEY CHECK (octet_length(key) = 32),
    person BYTEA NOT NULL REFERENCES portcullis.person (id) ON DELETE CASCADE,
    purpose TEXT COLLATE "C" NOT NULL,
    content TEXT NOT NULL,
    expires BIGINT NOT NULL,
    UNIQUE (person, purpose)
);
CREATE INDEX token_end ON portcullis.token (expires);

CREATE TABLE portcullis.activity (
    person BYTEA NOT NULL REFERENCES portcullis.person (id) ON DELETE CASCADE,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (person, number)
);

-- Sessions and devices name people without a foreign key: they may live in another store than people do.
CREATE TABLE portcullis.session (
    key BYTEA PRIMARY KEY CHECK (octet_length(key) = 32),
    person BYTEA,
    began BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    idle_end BIGINT NOT NULL,
    absolute_end BIGINT NOT NULL,
    proved BIGINT,
    factors BIGINT NOT NULL,
    family BYTEA,
    agent TEXT NOT NULL,
    network TEXT NOT NULL
);
CREATE INDEX session_of_person ON portcullis.session (person) WHERE person IS NOT NULL;
CREATE INDEX session_of_family ON portcullis.session (family) WHERE family IS NOT NULL;
CREATE INDEX session_end ON portcullis.session (least(idle_end, absolute_end));

CREATE TABLE portcullis.remembered (
    family BYTEA PRIMARY KEY CHECK (octet_length(family) = 32),
    person BYTEA NOT NULL,
    token BYTEA NOT NULL,
    before BYTEA,
    began BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    absolute_end BIGINT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX remembered_by_person ON portcullis.remembered (person);
CREATE INDEX remembered_end ON portcullis.remembered (absolute_end);

CREATE TABLE portcullis.used (
    key BYTEA PRIMARY KEY CHECK (octet_length(key) = 32),
    until BIGINT NOT NULL
);
CREATE INDEX used_until ON portcullis.used (until);
