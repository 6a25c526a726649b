-- Finds messages by an expression on their metadata that has an index.
--
-- $1 values of the expression, $2 second values or nulls, $3 limit for each value
-- Served by: the store's own index on the expression.
select message.*
from unnest($1::text[], $2::text[]) as wanted(value, second)
cross join lateral (
  select {traced} from {table} as m where {expression} = {value} and {second} limit $3
) as message
