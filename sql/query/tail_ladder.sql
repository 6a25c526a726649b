-- Reads the messages to remember when following begins: all messages of a range, and some older ones.
--
-- $1 the last global position of the range, $2 the global position before the range, $3 global positions near which to
-- read one
-- older message each
-- Served by: messages_pkey.
select m.global_position::bigint, m.id::text
from (
  select global_position, id from {table}
  where global_position > $2 and global_position <= $1
  order by global_position
) m
union all
select m.global_position::bigint, m.id::text
from unnest($3) as p (position)
join lateral (
  select global_position, id from {table}
  where global_position <= p.position
  order by global_position desc
  limit 1
) m on true
