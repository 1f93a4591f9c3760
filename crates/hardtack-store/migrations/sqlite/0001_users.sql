-- Times are microseconds since the Unix epoch, in every table.
CREATE TABLE users (
    -- AUTOINCREMENT: a number that was given once is never given again.
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    username           TEXT    NOT NULL,
    username_canonical TEXT    NOT NULL UNIQUE,
    -- '' is no address; its canonical form is then NULL, which is never a duplicate.
    email              TEXT    NOT NULL,
    email_canonical    TEXT    UNIQUE,
    first_name         TEXT    NOT NULL,
    last_name          TEXT    NOT NULL,
    password_hash      TEXT    NOT NULL,
    password_version   INTEGER NOT NULL,
    -- 0 active, 1 disabled
    state              INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    last_login_at      INTEGER
) STRICT;
