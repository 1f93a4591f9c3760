-- One row per session, whatever its age: the family of docs/rotation.md
--
-- A row table with a unique index on `sid`, not a table keyed by `sid`: random keys would leave
-- every page of wide rows a third empty, and scatter the live sessions among the old ones.
CREATE TABLE sessions (
    id               INTEGER PRIMARY KEY,
    sid              BLOB    NOT NULL UNIQUE,
    -- Not a foreign key: the sessions of a deleted user stay, ended, until they are purged.
    user_id          INTEGER NOT NULL,
    password_version INTEGER NOT NULL,
    generation       INTEGER NOT NULL,
    branch           INTEGER NOT NULL,
    -- NULL: any branch
    parent_branch    INTEGER,
    -- 0 fresh, 1 seen, 2 settled
    phase            INTEGER NOT NULL,
    anchor_at        INTEGER NOT NULL,
    retries          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    last_seen_at     INTEGER NOT NULL,
    -- microseconds
    idle_timeout     INTEGER NOT NULL,
    ends_at          INTEGER NOT NULL,
    revoked_at       INTEGER,
    revoke_reason    TEXT
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id);

-- Apart, because every rotation writes its session's row and nobody reads this but its owner:
-- more sessions share a page that has to go to the disk.
CREATE TABLE devices (
    session    INTEGER PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    address    TEXT    NOT NULL,
    user_agent TEXT    NOT NULL
) STRICT;

-- The log that other processes poll (docs/rotation.md).
CREATE TABLE revocations (
    -- AUTOINCREMENT: purging must not make a sequence come again.
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    sid        BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
