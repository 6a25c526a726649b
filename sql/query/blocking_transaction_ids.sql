-- Lists the transactions of other sessions that hold some locks, as a JSON array, or null if there are none. A
-- transaction is listed once for each of its locks.
--
-- It leaves out what blocking_transactions.sql knows about each transaction, because planning the views for that takes
-- longer than the rest of a poll.
--
-- {locks}: a condition on pg_locks l: table_locks.sql
-- Served by: the catalog.
select json_agg(json_build_object('transaction', l.virtualtransaction::text, 'pid', l.pid))::text
from pg_locks l
where l.granted
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and l.pid is distinct from pg_backend_pid()
  and {locks}
