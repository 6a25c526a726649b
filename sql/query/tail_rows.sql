-- Part of tail_poll.sql: the messages of a scope above one global position up to another, without those that were
-- already returned.
--
-- A category is compared as part of a row and is part of the order, or the planner may walk the primary key and filter.
-- The condition on l makes the planner evaluate l first and join these rows in their order.
--
-- $1 above, $2 up to, $3 limit, $4 global positions already returned, $5 name of the stream or category (null for the
-- namespace),
-- $6 member or null, $7 group size or null, $8 to $14 the filter
-- Served by: messages_pkey or messages_category; for a stream messages_pkey or messages_stream, whichever range is
-- shorter.
left join lateral (
  select {columns}, true as there
  from {table}
  where {range}
    and l.newest is not null
    and global_position <> all ($4)
    and {matches}
  order by {order}
  limit $3
) r on true
