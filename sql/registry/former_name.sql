-- Returns the name that a schema had when its functions were created.
--
-- {written}: written_schema.sql. $1 schema
-- Served by: the catalog.
select replace({written}, '""', '"')
from pg_namespace n
where n.nspname = $1
