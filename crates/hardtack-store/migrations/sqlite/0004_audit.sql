-- What happened to whom. Rows are added and forgotten, never changed.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    -- Not a foreign key: what happened to a deleted user happened.
    user_id INTEGER,
    sid     BLOB,
    address TEXT,
    reason  TEXT
) STRICT;

CREATE INDEX audit_by_time ON audit (at);

-- Refusals of strangers, the most of it, concern no user.
CREATE INDEX audit_of_user ON audit (user_id, at) WHERE user_id IS NOT NULL;
