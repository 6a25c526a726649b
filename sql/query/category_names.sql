-- Lists the names of the categories. It jumps from value to value in the index (a loose index scan).
--
-- Served by: messages_category (category expression, ...).
with recursive walk(name) as (
  (select {category} from {table} order by {category} limit 1)
  union all
  select (select {category} from {table} where {category} > walk.name order by {category} limit 1)
  from walk
  where walk.name is not null
)
select name::text as name
from walk
where name is not null
order by name::text collate "C"
