-- Finds the messages in a range of global positions that share a value in metadata.
--
-- $1 above, $2 up to, $3 path, $4 value, $5 limit
-- Served by: messages_pkey.
select message.*
from (
  select m.global_position::bigint as number
  from {table} as m
  where m.global_position > $1 and m.global_position <= $2 and {value} = $4
  order by m.global_position
  limit $5
) as found
cross join lateral (
  select {traced} from {table} where global_position >= found.number order by global_position limit 1
) as message
