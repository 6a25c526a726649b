-- Reads one window of a category, filtered by consumer group member, correlation or other conditions. Returns the
-- matches, and a row without ID that contains the last number of the window, or null if the category ends in this
-- window.
--
-- The window is cut before it is filtered. With filter and limit side by side the planner expects few matches, reads
-- the whole category and sorts it.
--
-- $1 global position, $2 limit, $3 category, $4 window size, $5 correlation or null, $6 member or null,
-- $7 group size or null, $8 to $14 the filter, if any
-- Served by: messages_category (category expression, global_position), then messages_pkey.
with looked_at as (
  select
    global_position::bigint as number,
    ($5::text is null or {correlation} = $5)
      and ($6::bigint is null or {member})
      and {matches} as matches
  from {table}
  where
    ({category}, global_position) >= ($3, $1)
    and ({category}, global_position) <= ($3, 9223372036854775807)
  order by {category}, global_position
  limit $4
),
matching as (
  select number from looked_at where matches order by number limit $2
)
select found.*, null::bigint as went_to
from matching
-- The limit keeps the planner from joining the whole table. An equality instead of >= with an order could make a
-- planner with stale statistics read the whole category index.
cross join lateral (
  select {message} from {table} where global_position >= matching.number order by global_position limit 1
) as found
union all
select null, null, null, null, null, null, null, null, case when count(*) = $4 then max(number) end
from looked_at
