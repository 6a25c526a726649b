-- Lists the streams of a category whose last message is in one window, the most recent first. A row without position
-- contains the lowest number of the window, or null if the category begins in this window.
--
-- A scalar subquery checks for each message whether it is the last of its stream. A join would hash the whole table.
--
-- $1 global position to begin at (downwards), $2 window size, $3 category
-- Served by: messages_category (category expression, global_position), messages_stream (stream_name, position).
with looked_at as (
  select stream_name::text as name, position::bigint as version, global_position::bigint as number, {time} as time
  from {table}
  where
    ({category}, global_position) <= ($3, $1)
    and ({category}, global_position) >= ($3, '-9223372036854775808'::bigint)
  order by {category} desc, global_position desc
  limit $2
)
select name, version, number, time
from looked_at
where version = (
  select m.position from {table} as m
  where m.stream_name::text = looked_at.name and m.position is not null
  order by m.position desc
  limit 1
)
union all
select null, null, case when count(*) = $2 then min(number) end, null
from looked_at
order by number desc
