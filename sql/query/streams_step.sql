-- Lists streams in one bounded step, if names do not sort bytewise. Walks at most $5 names in index order and returns
-- those in a category or with a prefix, and a row without position that contains the last name of the step, or null at
-- the end of the index.
--
-- Under such a collation the names of a category need not be adjacent, so only names below a lower bound can be
-- skipped. {begin} selects the first name by $1; {beyond} and {order} set the direction.
--
-- $1 name to begin at, after or before; $2 category or null; $3 prefix or null; $4 limit; $5 names to walk; $6 lower
-- bound or null
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
matching as (
  select name, number
  from looked_at
  where ($2::text is null or split_part(name, '-', 1) = $2) and ($3::text is null or left(name, length($3)) = $3)
  order by number
  limit $4
)
select matching.name, last.version, last.number, last.time, matching.number
from matching
cross join lateral (
  select {last}
  from {table}
  where stream_name::text = matching.name
  order by {last_first}
  limit 1
) as last
union all
select case when count(*) = $5 then (select name from looked_at order by number desc limit 1) end, null, null, null, null
from looked_at
