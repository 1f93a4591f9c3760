-- When mail to the address was shown to reach the user. Whoever is there already was let in by an
-- operator, who vouched for the address.
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;
UPDATE users SET email_verified_at = created_at WHERE email_canonical IS NOT NULL;

-- BCP 47; NULL: not chosen
ALTER TABLE users ADD COLUMN language TEXT;

-- One-time codes that were neither spent nor voided. Nothing here can be spent.
CREATE TABLE codes (
    -- AUTOINCREMENT: the order in which they were made decides which way back is the older one.
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the secret is derived from, under the pepper
    code              BLOB    NOT NULL UNIQUE,
    -- SHA-256 of the secret
    hash              BLOB    NOT NULL UNIQUE,
    purpose           TEXT    NOT NULL,
    -- NULL: an invitation
    user_id           INTEGER REFERENCES users (id) ON DELETE CASCADE,
    password_version  INTEGER NOT NULL,
    -- '' is no address, as in users
    address           TEXT    NOT NULL,
    address_canonical TEXT,
    created_at        INTEGER NOT NULL,
    ends_at           INTEGER NOT NULL
) STRICT;

CREATE INDEX codes_of_user ON codes (user_id);
CREATE INDEX codes_by_address ON codes (address_canonical);
CREATE INDEX codes_by_end ON codes (ends_at);

-- Mails that wait to be sent, and those that were given up.
CREATE TABLE outbox (
    -- AUTOINCREMENT: the mail that a sender still holds may have been deleted with its user.
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient    TEXT    NOT NULL,
    user_id      INTEGER REFERENCES users (id) ON DELETE CASCADE,
    language     TEXT,
    -- What it is about; which of the next four have a value follows from it.
    kind         TEXT    NOT NULL,
    -- Not a foreign key: that its code has ended is a reason to give it up, not to forget it.
    code         BLOB,
    device       TEXT,
    address      TEXT,
    at           INTEGER,
    created_at   INTEGER NOT NULL,
    -- When it is due, or when the claim of its sender ends
    next_try_at  INTEGER NOT NULL,
    tries        INTEGER NOT NULL,
    last_error   TEXT,
    given_up_at  INTEGER
) STRICT;

CREATE INDEX outbox_due ON outbox (next_try_at) WHERE given_up_at IS NULL;
CREATE INDEX outbox_given_up ON outbox (given_up_at) WHERE given_up_at IS NOT NULL;
CREATE INDEX outbox_of_user ON outbox (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX outbox_of_code ON outbox (code) WHERE code IS NOT NULL;
