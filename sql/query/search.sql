-- One bounded step of a search: the messages of a window that match everything given, and a row without id that says how many were
-- looked at and where the window ended.
--
-- The window is cut before the filter. With the filter beside the limit the planner may read and sort the whole scope. It ends
-- before the first match that is one too many.
--
-- $1 number, $2 window, $3 name of the stream or category (null for the namespace), $4 member, $5 group size (null without),
-- $6 to $12 the filter
-- Served by: messages_pkey, messages_category or messages_stream, as the scope says; then messages_pkey.
with looked_at as (
  select
    {number}::bigint as number,
    global_position,
    ($4::bigint is null or {member})
      and {matches} as matches
  from {table}
  {window}
  limit $2
), one_too_many as (
  select number from looked_at where matches order by number {order} offset {hits} limit 1
), kept as (
  select * from looked_at where not exists (select from one_too_many o where looked_at.number {from} o.number)
)
select found.*, null::bigint as looked_at, null::bigint as lowest, null::bigint as highest, null::boolean as more
from kept
-- The limit keeps the planner from joining the whole table instead. The message is compared by >= and ordered: for an equality a
-- planner with old statistics may read the category index from end to end.
cross join lateral (
  select {head} from {table} as m where m.global_position >= kept.global_position order by m.global_position limit 1
) as found
where kept.matches
union all
select null, null, null, null, null, null, null, null, count(*), min(number), max(number),
  count(*) = $2 or exists (select from one_too_many)
from kept
