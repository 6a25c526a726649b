-- A page of message heads, rising or falling from a number on. What is asked for is one more than the page holds, to know whether
-- anything lies beyond.
--
-- A body of more than 8 KiB as stored is not shown in a list: it would have to be fetched and unpacked whole.
--
-- $1 number, $2 limit, $3 name of the stream or category (null for the namespace)
-- Served by: messages_pkey, messages_category or messages_stream, as the scope says.
select {head}
from {table}
{window}
limit $2
