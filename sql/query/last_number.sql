-- Returns the last number of a sequence, or null, and the greatest that it can return.
--
-- $1 OID
-- Served by: the catalog.
select pg_sequence_last_value(q.seqrelid::regclass)::bigint, q.seqmax
from pg_sequence q
where q.seqrelid::bigint = $1
