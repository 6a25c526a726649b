-- Messages to remember before following begins: all of the last ones, and of the older ones some that are further and further
-- apart.
--
-- $1 the newest, $2 above, $3 global positions of the older ones, roughly
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
