-- Searches the names of streams for a text in one bounded step. Jumps from name to name in the index (a loose index
-- scan), and ends after
-- $4 names, at the $3rd match, or past the upper bound $5. Returns each match with its last message, and a row without
-- position that
-- contains the last name of the step, or null at the end, and the number of names in the step.
--
-- {begin} selects the first name by $1; {matches} is the condition for a match of "name" with $2, the category $6 and
-- the prefix $7.
--
-- $1 name to begin at or after; $2 text; $3 limit; $4 names to walk; $5 upper bound or null; $6 category or null; $7
-- prefix or null
-- Served by: messages_stream (stream_name, position).
with recursive walk(name, number, matches, is_match) as (
  select name, 1::bigint, ({matches})::int::bigint, {matches}
  from (select stream_name::text as name from {table} where {begin} order by stream_name limit 1) as first
  union all
  select next.name, walk.number + 1, walk.matches + ({next.matches})::int, {next.matches}
  from walk
  cross join lateral (
    select stream_name::text as name from {table} where stream_name::text > walk.name order by stream_name limit 1
  ) as next
  where walk.number < $4 and walk.matches < $3 and ($5::text is null or walk.name < $5)
)
select walk.name, last.version, last.number, last.time, walk.number
from walk
cross join lateral (
  select {last}
  from {table}
  where stream_name::text = walk.name
  order by {last_first}
  limit 1
) as last
where walk.is_match
union all
select
  case when max(number) = $4 or max(matches) = $3 then (select name from walk order by number desc limit 1) end,
  null,
  coalesce(max(number), 0),
  null,
  null
from walk
order by 5
