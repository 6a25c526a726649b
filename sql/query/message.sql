-- Returns the message at a global position. With an equality the planner may read all of the category index if its
-- statistics are stale.
--
-- $1 global position
-- Served by: messages_pkey.
select {message}
from {table}
where global_position >= $1 and global_position <= $1
order by global_position
