-- Returns the functions of a schema whose body is standard SQL, with that body. Needs PostgreSQL 14 or newer.
--
-- $1 table
-- Served by: the catalog.
select p.proname::text, pg_get_function_sqlbody(p.oid)
from pg_class c
join pg_proc p on p.pronamespace = c.relnamespace
where c.oid = $1::regclass::oid and p.prosqlbody is not null
