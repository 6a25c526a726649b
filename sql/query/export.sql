-- Returns the messages above one global position and up to another, of the namespace or of some categories and streams.
--
-- $1 above, $2 up to, $3 limit, $4 the one category, $5 categories, $6 streams, $7 to $13 the filter
-- Served by: messages_category for one category, else messages_pkey.
select {message}
from {table}
where {range}
  and {matches}
order by {order}
limit $3
