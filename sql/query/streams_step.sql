-- One step of listing streams where names do not sort bytewise: at most so many names, walked in the order of the index, of which
-- those are given that are of a category or begin with a text; and a row without position that says how far the step
-- went (none: to the end of the index).
--
-- Names of one category need not be neighbours under such a collation, so nothing but what is below a lower bound can be left out.
-- Forwards or backwards: begin is the names that may come, on $1; beyond and order say which way.
--
-- $1 name to begin at, after or before; $2 category or null; $3 prefix or null; $4 limit; $5 names to look at; $6 least name or null
-- Served by: messages_stream (stream_name, position).
with recursive walk(name, number) as (
  (select stream_name::text, 1::bigint from {table} where {begin} order by stream_name {order} limit 1)
  union all
  select
    (select stream_name::text from {table} where stream_name::text {beyond} walk.name order by stream_name {order} limit 1),
    walk.number + 1
  from walk
  where walk.name is not null and walk.number < $5 and ($6::text is null or walk.name >= $6)
),
looked_at as (
  select name, number from walk where name is not null
),
hits as (
  select name, number
  from looked_at
  where ($2::text is null or split_part(name, '-', 1) = $2) and ($3::text is null or left(name, length($3)) = $3)
  order by number
  limit $4
)
select hits.name, last.version, last.number, last.time, hits.number
from hits
cross join lateral (
  select position::bigint as version, global_position::bigint as number, {time} as time from {table} where stream_name::text = hits.name order by position desc limit 1
) as last
union all
select case when count(*) = $5 then (select name from looked_at order by number desc limit 1) end, null, null, null, null
from looked_at
