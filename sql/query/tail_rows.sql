-- Messages of a scope above one global position up to another, but those that were seen already: a part of tail_poll.sql.
--
-- $1 above, $2 up to, $3 limit, $4 global positions seen, $5 name of the stream or category (null for the namespace),
-- $6 member, $7 size of its group (null without), $8 to $14 the filter
-- A category is compared as rows and ordered by too, or the planner may walk the primary key and filter. That l is asked for keeps
-- the look outside and these rows inside, in their order.
--
-- Served by: messages_pkey or messages_category; for a stream whichever of messages_pkey and messages_stream is shorter.
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
