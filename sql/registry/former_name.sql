-- Returns the name that a schema had when its functions were created.
--
-- {written}: written_schema.sql. $1 schema
-- Served by: the catalog.
select replace({written}, '""', '"')
from pg_namespace n
join pg_proc p on p.pronamespace = n.oid and p.proname = 'write_message'
where n.nspname = $1
limit 1
