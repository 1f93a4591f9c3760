-- How long ends of sessions are remembered at least, whoever writes them: as long as the access
-- tokens live that a process hands out, and a margin. No row before a process has said so.
CREATE TABLE remembrance (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    -- microseconds
    lasts      INTEGER NOT NULL,
    -- Since when those who speak need less. NULL: the last one needed this.
    lowered_at INTEGER
) STRICT;
