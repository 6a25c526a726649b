-- Returns the version of the collation with which the database was created, and the version that the system has now.
-- Needs PostgreSQL 15 or newer.
--
-- Served by: the catalog.
select d.datcollversion, pg_database_collation_actual_version(d.oid)
from pg_database d
where d.datname = current_database()
