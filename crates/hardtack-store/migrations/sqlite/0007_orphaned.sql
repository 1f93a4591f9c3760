-- 1: the user is gone, switched off, or has another password than the one that logged in. It stands
-- in the session's row, so that a refresh needs no page of the user's: of millions hardly two that
-- refresh share one. In a session that was revoked it means nothing.
ALTER TABLE sessions ADD COLUMN orphaned INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET orphaned = 1 WHERE revoked_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.state = 0
                    AND users.password_version = sessions.password_version);

-- Triggers, because whatever befalls a user has to befall the sessions: also those that have run
-- out, which would come back to life if the clock stepped back. Sessions are opened for users who
-- stand behind them, in one transaction with the look at the user.
CREATE TRIGGER user_changed AFTER UPDATE OF state, password_version ON users
WHEN NEW.state <> OLD.state OR NEW.password_version <> OLD.password_version
BEGIN
    UPDATE sessions
    SET orphaned = NEW.state <> 0 OR password_version <> NEW.password_version
    WHERE user_id = NEW.id AND revoked_at IS NULL;
END;

CREATE TRIGGER user_deleted AFTER DELETE ON users
BEGIN
    UPDATE sessions SET orphaned = 1 WHERE user_id = OLD.id AND revoked_at IS NULL;
END;
