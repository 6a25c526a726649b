-- Reads the numbers and times of a bounded part of a scope, and whether each message belongs to the member. A short
-- list is counted from them.
--
-- $1 number, $2 limit, $3 name of the stream or category (null for the namespace), $4 member or null, $5 group size or
-- null
-- Served by: messages_pkey, messages_category or messages_stream, depending on the scope.
select {number}::bigint as number, {time} as written, ($4::bigint is null or {member}) as belongs
from {table}
{window}
limit $2
