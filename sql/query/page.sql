-- Reads a page of message heads in either direction from a number. The limit is one more than the page size, to see
-- whether more messages follow.
--
-- $1 number, $2 limit, $3 name of the stream or category (null for the namespace)
-- Served by: messages_pkey, messages_category or messages_stream, depending on the scope.
select {head}
from {table}
{window}
limit $2
