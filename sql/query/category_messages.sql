-- Reads messages of a category from a global position on.
--
-- The category is compared as part of a row and is part of the order. With "category = $3 order by global_position" the
-- planner may walk the primary key and filter, which reads the whole table for a category without messages in that
-- range.
--
-- $1 global position, $2 limit, $3 category
-- Served by: messages_category (category expression, global_position).
select {message}
from {table}
where
  ({category}, global_position) >= ($3, $1)
  and ({category}, global_position) <= ($3, 9223372036854775807)
order by {category}, global_position
limit $2
