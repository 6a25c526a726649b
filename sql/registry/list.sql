-- Lists the schemas with a relation messages and a function write_message as one JSON document, together with the contents of the
-- tables that tables.sql read earlier in the same transaction. Reads only the catalog, so no code is called in a schema that merely
-- looks like a store. It uses scalar subqueries, because planning a join of so many catalogs would take a new session longer than
-- everything else.
--
-- {which}: a condition that selects the schemas. {shape}: shape.sql, used only for few schemas, or if a column has a user-defined type.
-- {written}: written_schema.sql.
-- Served by: the catalog.
select json_build_object(
  'problem', nullif(current_setting('streamscope.problem', true), ''),
  'registered', current_setting('streamscope.registered')::json,
  'versions', current_setting('streamscope.versions')::json,
  -- Registry entries whose schema does not exist.
  'lost', (
    select coalesce(json_agg(json_build_object('id', r ->> 'id', 'schema', r ->> 'schema')), '[]')
    from json_array_elements(current_setting('streamscope.registered')::json) r
    where r ->> 'id' is not null
      and r ->> 'schema' is not null
      and r ->> 'schema' not in (select n.nspname::text from pg_namespace n)
  ),
  'namespaces', (
    select coalesce(json_agg(json_build_object(
      'schema', c.nspname,
      'kind', c.relkind,
      'missing', c.missing,
      'hides_rows', row_security_active(c.oid),
      'has_our_version', exists (
        select from pg_class v where v.relnamespace = c.namespace and v.relname = '_streamscope_version' and v.relkind = 'r'
      ),
      'named', {written},
      -- Message DB's version is in the body of a function. The body is read, and the function is not called.
      'message_db', (
        select json_build_object('version', substring(p.prosrc from '''([0-9][0-9.]*)'''))
        from pg_proc p
        where p.pronamespace = c.namespace and p.proname = 'message_store_version'
        limit 1
      ),
      'shape', case
        when c.relkind in ('r', 'p') and c.missing = '{}' and (c.several <= 8 or exists (
          select from pg_attribute a where a.attrelid = c.oid and not a.attisdropped and a.atttypid >= 16384
        )) then {shape}
      end
    ) order by c.nspname), '[]')
    from (
      select
        c.oid, c.relkind, n.oid as namespace, n.nspname, count(*) over () as several,
        array(
          select field.name
          from unnest('{id,stream_name,type,position,global_position,data,metadata,time}'::name[]) field (name)
          where not exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = field.name and not a.attisdropped
          )
        ) as missing
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where {which}
        and c.relname = 'messages' and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and exists (select from pg_proc p where p.pronamespace = n.oid and p.proname = 'write_message')
        -- A table without these two columns belongs to another program.
        and exists (
          select from pg_attribute a
          where a.attrelid = c.oid and a.attname in ('stream_name', 'global_position') and not a.attisdropped
        )
    ) c
  )
)::text
