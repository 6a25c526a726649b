-- Finds the messages in a range of global positions that share a correlation stream. Reads the category index, whose
-- third column is the category of that stream, so only messages of workflows of that category are read from the table.
--
-- The index stops at $2 because its first column is compared alone; after a comparison of (category, global_position),
-- PostgreSQL reads on to the end of the category. ANY keeps the order by category, which only this index has, so that
-- the planner takes no other.
--
-- $1 above, $2 up to, $3 category of the correlation stream, $4 correlation stream, $5 limit for each category
-- Served by: messages_category (category expression, global_position, category of the correlation stream).
with recursive walk(name) as (
  (select {category} from {table} order by {category} limit 1)
  union all
  select (select {category} from {table} where {category} > walk.name order by {category} limit 1)
  from walk
  where walk.name is not null
)
select message.*
from walk
cross join lateral (
  select {traced}
  from {table}
  where
    {category} = any(array[walk.name])
    and global_position > $1
    and global_position <= $2
    and {correlation} = $3
    and {metadata} ->> 'correlationStreamName' = $4
  order by {category}, global_position
  limit $5
) as message
where walk.name is not null
