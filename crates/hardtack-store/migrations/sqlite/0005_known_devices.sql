-- What each user has logged in with, by the names that Hardtack gives devices: few, and kept when
-- the sessions are long gone, so that a device of last year is not new.
CREATE TABLE known_devices (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT    NOT NULL,
    PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;
