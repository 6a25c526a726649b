-- Counts matches in one window: returns the number of matches, the number of messages read, and the last number of the
-- window.
--
-- $1 lowest number, $2 window size, $3 name of the stream or category (null for the namespace), $4 member or null,
-- $5 group size or null, $6 to $12 the filter
-- Served by: messages_pkey, messages_category or messages_stream, depending on the scope.
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
