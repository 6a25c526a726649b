-- Returns the global position of the next message.
--
-- $1 global position before it
-- Served by: messages_pkey.
select global_position::bigint as number
from {table}
where global_position > $1
order by global_position
limit 1
