-- What `remember_me` said at login: 0 nothing, 1 yes, 2 no. The cookies of every later refresh
-- follow it.
ALTER TABLE sessions ADD COLUMN remember_me INTEGER NOT NULL DEFAULT 0;

-- A user's live sessions stand together, so that looking at them at every login does not mean
-- looking at all that ended lately.
DROP INDEX sessions_of_user;
CREATE INDEX sessions_of_user ON sessions (user_id, revoked_at);
