-- Returns the entries of the registry with an ID or a schema: ID, schema, and the name that the schema has now, which
-- differs after it was renamed and is null if it is gone.
--
-- {written}: written_schema.sql. $1 id, $2 schema
-- Served by: the catalog; reads the whole of this small table.
select
  coalesce(r.id::text, ''),
  coalesce(r.schema_name::text, ''),
  coalesce(
    (select n.nspname::text from pg_namespace n where n.nspname::text = r.schema_name::text),
    (
      select n.nspname::text
      from pg_namespace n
      where replace((
        select {written} from pg_proc p
        where p.pronamespace = n.oid and p.proname = 'write_message'
        limit 1
      ), '""', '"') = r.schema_name::text
      order by n.nspname
      limit 1
    )
  )
from eventodb_store.namespaces r
where r.id::text = $1 or r.schema_name::text = $2
