-- Every schema that holds a message store, by its table and its function write_message, with what tells who made it. Read
-- from the catalog alone: nothing of a schema that merely looks like a store is called.
select
  n.nspname::text as schema,
  -- Null of what is dropped in between.
  coalesce(has_schema_privilege(n.oid, 'usage'), false) as usable,
  ours.oid is not null as has_our_version,
  theirs.prosrc is not null as has_message_db_version,
  -- Message DB says its version in the function's body.
  substring(theirs.prosrc from '''([0-9][0-9.]*)''') as message_db_version,
  ours.oid is not null and coalesce(has_table_privilege(ours.oid, 'select'), false) as our_version_readable,
  evento.oid is not null and coalesce(has_table_privilege(evento.oid, 'select'), false) as evento_version_readable,
  -- Whether names sort by their bytes: by the collation of the column, or of the database where that is the default.
  coalesce(
    case
      when l.oid = 100 then
        (d.settings ->> 'datlocprovider' is null or d.settings ->> 'datlocprovider' in ('c', 'b'))
        and upper(coalesce(d.settings ->> 'datlocale', d.settings ->> 'datcollate'))
          in ('C', 'POSIX', 'C.UTF-8', 'C.UTF8')
      else l.collname in ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8')
    end,
    false
  ) as bytewise
from pg_namespace n
join pg_class c on c.relnamespace = n.oid and c.relname = 'messages' and c.relkind in ('r', 'p')
join pg_attribute a on a.attrelid = c.oid and a.attname = 'stream_name' and not a.attisdropped
left join pg_collation l on l.oid = a.attcollation
cross join (select to_jsonb(pg_database) as settings from pg_database where datname = current_database()) d
left join pg_class ours on ours.relnamespace = n.oid and ours.relname = '_streamscope_version' and ours.relkind = 'r'
left join pg_class evento on evento.relnamespace = n.oid and evento.relname = '_schema_version' and evento.relkind = 'r'
left join lateral (
  select p.prosrc from pg_proc p where p.pronamespace = n.oid and p.proname = 'message_store_version' limit 1
) theirs on true
where exists (select from pg_proc p where p.pronamespace = n.oid and p.proname = 'write_message')
  and (
    select count(*)
    from pg_attribute f
    where f.attrelid = c.oid
      and not f.attisdropped
      and f.attname in ('global_position', 'position', 'time', 'stream_name', 'type', 'data', 'metadata', 'id')
  ) = 8
order by n.nspname
