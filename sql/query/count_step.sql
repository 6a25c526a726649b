-- One bounded step of a count: how many messages of a window match everything given, how many were looked at, and where the window
-- ended.
--
-- $1 lowest number, $2 window, $3 name of the stream or category (null for the namespace), $4 member, $5 group size (null without),
-- $6 to $12 the filter
-- Served by: messages_pkey, messages_category or messages_stream, as the scope says.
with looked_at as (
  select
    {number}::bigint as number,
    ($4::bigint is null or {member})
      and {matches} as matches
  from {table}
  {window}
  limit $2
)
select count(*) filter (where matches), count(*), max(number)
from looked_at
