-- Every schema that holds a message store, by its table and its function write_message, with what tells who made it. Read
-- from the catalog alone: nothing of a schema that merely looks like a store is called. Scalar subqueries, not joins: planning a
-- join of so many catalogs costs a new session more than all the rest.
with store as materialized (
  select
    n.oid,
    n.nspname,
    (
      select a.attcollation
      from pg_attribute a
      where a.attrelid = c.oid and a.attname = 'stream_name' and not a.attisdropped
    ) as names_collation,
    (
      select v.oid from pg_class v
      where v.relnamespace = n.oid and v.relname = '_streamscope_version' and v.relkind = 'r'
    ) as ours,
    (
      select v.oid from pg_class v
      where v.relnamespace = n.oid and v.relname = '_schema_version' and v.relkind = 'r'
    ) as evento,
    (
      select p.prosrc from pg_proc p
      where p.pronamespace = n.oid and p.proname = 'message_store_version'
      limit 1
    ) as theirs
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relname = 'messages' and c.relkind in ('r', 'p')
    and exists (select from pg_proc p where p.pronamespace = n.oid and p.proname = 'write_message')
    and (
      select count(*)
      from pg_attribute f
      where f.attrelid = c.oid
        and not f.attisdropped
        and f.attname in ('global_position', 'position', 'time', 'stream_name', 'type', 'data', 'metadata', 'id')
    ) = 8
)
select
  nspname::text as schema,
  -- Null of what is dropped in between.
  coalesce(has_schema_privilege(oid, 'usage'), false) as usable,
  ours is not null as has_our_version,
  theirs is not null as has_message_db_version,
  -- Message DB says its version in the function's body.
  substring(theirs from '''([0-9][0-9.]*)''') as message_db_version,
  ours is not null and coalesce(has_table_privilege(ours, 'select'), false) as our_version_readable,
  evento is not null and coalesce(has_table_privilege(evento, 'select'), false) as evento_version_readable,
  -- Whether names sort by their bytes: by the collation of the column, or of the database where that is the default.
  coalesce(
    case
      when names_collation = 100 then (
        select
          (d.settings ->> 'datlocprovider'::text is null or d.settings ->> 'datlocprovider'::text in ('c', 'b'))
          and upper(coalesce(d.settings ->> 'datlocale'::text, d.settings ->> 'datcollate'::text))
            in ('C', 'POSIX', 'C.UTF-8', 'C.UTF8')
        from (select pg_catalog.to_jsonb(pg_database) as settings from pg_database where datname = current_database()) d
      )
      else (
        select l.collname in ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8') from pg_collation l where l.oid = names_collation
      )
    end,
    false
  ) as bytewise
from store
order by nspname
