-- Entries stay in the log for a week after they expired, so that a clock that was ahead for a while
-- forgets nobody. The few that have not expired, with which a start begins, and those that may go are
-- found without looking through the others.
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
