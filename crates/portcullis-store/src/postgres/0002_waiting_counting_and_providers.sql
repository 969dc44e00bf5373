-- Accounts whose address nobody confirms end by themselves; letters wait here; tries are counted here; a session knows
-- the sign-in at a provider that it came from, and what was granted with it.

ALTER TABLE portcullis.person ADD COLUMN lapses BIGINT;
CREATE INDEX person_lapses ON portcullis.person (lapses) WHERE lapses IS NOT NULL;

CREATE TABLE portcullis.letter (
    id BYTEA PRIMARY KEY CHECK (octet_length(id) = 32),
    content BYTEA NOT NULL,
    due BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX letter_due ON portcullis.letter (due);
CREATE INDEX letter_end ON portcullis.letter (expires);

CREATE TABLE portcullis.tally (
    key BYTEA PRIMARY KEY CHECK (octet_length(key) = 32),
    count BIGINT NOT NULL,
    last BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX tally_until ON portcullis.tally (until);

ALTER TABLE portcullis.session ADD COLUMN provider TEXT;
ALTER TABLE portcullis.session ADD COLUMN provider_subject BYTEA;
ALTER TABLE portcullis.session ADD COLUMN provider_session BYTEA;
ALTER TABLE portcullis.session ADD COLUMN provider_grant BYTEA;

CREATE TABLE portcullis.provider_grant (
    id BYTEA PRIMARY KEY CHECK (octet_length(id) = 32),
    session BYTEA NOT NULL REFERENCES portcullis.session (key) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    content BYTEA NOT NULL
);
CREATE INDEX grant_of_session ON portcullis.provider_grant (session);
