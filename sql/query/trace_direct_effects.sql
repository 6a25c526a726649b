-- Finds the messages in a range of global positions that name one message as their cause.
--
-- $1 above, $2 up to, $3 the keys of the message, $4 limit, then the paths of the keys
-- Served by: messages_pkey.
select message.*
from (
  select m.global_position::bigint as number
  from {table} as m
  where m.global_position > $1 and m.global_position <= $2 and {cause} = any($3)
  order by m.global_position
  limit $4
) as found
cross join lateral (
  select {traced} from {table} where global_position >= found.number order by global_position limit 1
) as message
