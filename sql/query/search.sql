-- Searches one window of a scope. Returns the matches, and a row without ID that contains how many messages were read,
-- the lowest and highest number among them, and whether more may follow.
--
-- The window is cut before it is filtered. With filter and limit side by side the planner may read and sort the whole
-- scope. If there are too many matches, the window ends before the first one beyond the limit.
--
-- $1 number, $2 window size, $3 name of the stream or category (null for the namespace), $4 member or null, $5 group
-- size or null,
-- $6 to $12 the filter
-- Served by: messages_pkey, messages_category or messages_stream, depending on the scope; then messages_pkey.
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
  select number from looked_at where matches order by number {order} offset {limit} limit 1
), kept as (
  select * from looked_at where not exists (select from one_too_many o where looked_at.number {from} o.number)
)
select found.*, null::bigint as looked_at, null::bigint as lowest, null::bigint as highest, null::boolean as more
from kept
-- The limit keeps the planner from joining the whole table. An equality instead of >= with an order could make a
-- planner with stale statistics read the whole category index.
cross join lateral (
  select {head} from {table} as m where m.global_position >= kept.global_position order by m.global_position limit 1
) as found
where kept.matches
union all
select null, null, null, null, null, null, null, null, null, null, count(*), min(number), max(number),
  count(*) = $2 or exists (select from one_too_many)
from kept
