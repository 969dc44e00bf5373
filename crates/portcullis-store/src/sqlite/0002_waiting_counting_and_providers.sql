-- Accounts whose address nobody confirms end by themselves; letters wait here; tries are counted here; a session knows
-- the sign-in at a provider that it came from, and what was granted with it.

ALTER TABLE user ADD COLUMN lapses INTEGER;
CREATE INDEX user_lapses ON user (lapses) WHERE lapses IS NOT NULL;

CREATE TABLE letter (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 32),
    content BLOB NOT NULL,
    due INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT;
CREATE INDEX letter_due ON letter (due);
CREATE INDEX letter_end ON letter (expires);

CREATE TABLE tally (
    key BLOB PRIMARY KEY NOT NULL CHECK (length(key) = 32),
    count INTEGER NOT NULL,
    last INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_until ON tally (until);

ALTER TABLE session ADD COLUMN provider TEXT;
ALTER TABLE session ADD COLUMN provider_subject BLOB;
ALTER TABLE session ADD COLUMN provider_session BLOB;
ALTER TABLE session ADD COLUMN provider_grant BLOB;

CREATE TABLE provider_grant (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 32),
    session BLOB NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX grant_of_session ON provider_grant (session);
