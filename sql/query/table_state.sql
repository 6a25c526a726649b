-- Identifies the table, the file that it is stored in, and the run of the server. They change if the table is
-- recreated, truncated or rewritten, and after a restart or a failover.
--
-- $1 table
-- Served by: the catalog.
select concat_ws(' ', c.oid, c.relfilenode, pg_postmaster_start_time())
from pg_class c
where c.oid = $1::regclass::oid
