-- Finds the newest message in a range of global positions whose metadata has a value at a path.
--
-- $1 above, $2 up to, $3 path, $4 value
-- Served by: messages_pkey, backwards.
select message.*
from (
  select m.global_position::bigint as number
  from {table} as m
  where m.global_position > $1 and m.global_position <= $2 and ({m.metadata} #>> $3) = $4
  order by m.global_position desc
  limit 1
) as found
cross join lateral (
  select {traced} from {table} where global_position >= found.number order by global_position limit 1
) as message
