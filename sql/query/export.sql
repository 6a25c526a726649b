-- Messages above one global position up to another, of all or of some categories and streams.
--
-- $1 above, $2 up to, $3 limit, $4 types, $5 path on data, $6 since, $7 until (each null for any), $8 the one category,
-- $9 categories, $10 streams
-- Served by: messages_category for one category, else messages_pkey.
select {message}
from {table}
where {range}
  and {matching}
  and ($6::timestamp is null or time >= $6)
  and ($7::timestamp is null or time < $7)
order by {order}
limit $3
