-- Lists the version tables of a schema.
--
-- $1 schema
-- Served by: the catalog.
select c.relname
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind = 'r' and c.relname in ('_streamscope_version', '_schema_version')
