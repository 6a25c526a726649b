-- Finds the schemas with a relation messages and a function write_message, and passes them on as one JSON document in a
-- setting that ends with the transaction. It is read before the user has chosen a namespace. Anyone who may create
-- schemas can have created what looks like a store, so only the catalog is read, and besides it the registry and the
-- version tables: each is locked, checked in the catalog, and read only if that calls none of its owner's code. The
-- document has their contents, or the reasons not to read them.
--
-- {wanted}: the name of one namespace in hex, or empty for all. {columns}: the columns of a message, as an array.
-- {guards}: guards.sql.
-- {check}: check.sql. {shape}: shape.sql, used only for few schemas, or if a column has a user-defined type.
-- {written}: written_schema.sql.
--
-- Runs in a transaction whose search path finds only built-in functions.
-- Served by: the catalog; reads the whole of these small tables.
{guards}
-- The joins here can use indexes. In a new session, considering other joins takes longer than the query.
set local enable_hashjoin = off;
set local enable_mergejoin = off;
-- Otherwise PL/pgSQL parses every statement of the block before the first one runs, and most are not needed.
set local check_function_bodies = off;
do $look$
declare
  _wanted text := nullif(convert_from(decode('{wanted}', 'hex'), 'UTF8'), '');
  _schema text;
  _registry oid;
  _holder record;
  _columns name[] := '{id,schema_name,description,created_at}';
  _types oid[];
  _problem text;
  _unread text;
  _registered json := '[]';
  _lost json := '[]';
  _found record;
  _present name[];
  _function record;
  _named text;
  _message_db json;
  _version text;
  _is_ours boolean;
  _described boolean;
  _shape json;
  _is_locked boolean;
  _namespaces json[] := '{}';
begin
  if has_schema_privilege(to_regnamespace('eventodb_store'), 'usage') then
    _registry := to_regclass('eventodb_store.namespaces');
  end if;
  if has_table_privilege(_registry, 'select') then
    select c.oid, 'eventodb_store' as nspname, c.relname, c.relkind into _holder
    from pg_class c
    where c.oid = _registry;
{check}
    _unread := _problem;
    if _problem is null then
      -- The comparison of OIDs comes first, so no value is evaluated if another table has taken this one's place.
      -- Whatever was written to the table, a bounded part of it is read: the entries of existing schemas before the
      -- others.
      execute format($read$
        select coalesce(json_agg(json_build_object(
          'id', left(r.id, 1000), 'schema', left(r.schema_name, 1000), 'description', left(r.description, 1000),
          'created', left(r.created, 1000)
        )), '[]')
        from (
          select r.id::text, r.schema_name::text, r.description::text, r.created_at::text as created
          from only eventodb_store.namespaces r
          where case when r.tableoid = %s then $1 is null or r.id::text = $1 or r.schema_name::text = $1 end
          order by r.schema_name::text in (select n.nspname::text from pg_namespace n) desc nulls last
          limit 10000
        ) r
      $read$, _holder.oid) into _registered using _wanted;
      -- Entries whose schema does not exist.
      _lost := (
        select coalesce(json_agg(json_build_object('id', r ->> 'id', 'schema', r ->> 'schema')), '[]')
        from json_array_elements(_registered) r
        where r ->> 'id' is not null
          and r ->> 'schema' is not null
          and r ->> 'schema' not in (select n.nspname::text from pg_namespace n)
      );
      -- A registered ID takes precedence over the name of a schema.
      select r ->> 'schema' into _schema
      from json_array_elements(_registered) r
      where r ->> 'id' = _wanted and exists (select from pg_namespace n where n.nspname = r ->> 'schema');
    end if;
  end if;

  _columns := '{version}';
  -- The types of numbers and text, because the newest version is looked for.
  _types := '{int2,int4,int8,numeric,text,varchar,bpchar}'::regtype[];
  for _found in
    select
      c.oid, c.relkind, c.relispartition, c.relhassubclass, c.relhastriggers, c.relhasrules, c.relnamespace as namespace, n.nspname,
      count(*) over () as several
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where (_wanted is null or n.nspname = any (array[_schema, _wanted]))
      and c.relname = 'messages' and c.relkind = any ('{r,p,v,m,f}')
      and exists (select from pg_proc p where p.pronamespace = c.relnamespace and p.proname = 'write_message')
    order by n.nspname
  loop
    _present := array(
      select a.attname from pg_attribute a where a.attrelid = _found.oid and a.attname = any ({columns}) and not a.attisdropped
    );
    -- A table without these two columns belongs to another program.
    continue when not _present && '{stream_name,global_position}';

    _version := null;
    _problem := null;
    select v.oid, _found.nspname as nspname, v.relname, v.relkind into _holder
    from pg_class v
    where v.relnamespace = _found.namespace and v.relname = any ('{_streamscope_version,_schema_version}')
    order by v.relname = '_streamscope_version' desc
    limit 1;
    _is_ours := found and _holder.relname = '_streamscope_version' and _holder.relkind = 'r';
    if found and has_schema_privilege(_found.namespace, 'usage') and has_table_privilege(_holder.oid, 'select') then
{check}
      if _problem is null then
        execute format('select left(max(version)::text, 1000) from only %I.%I where case when tableoid = %s then true end',
          _holder.nspname, _holder.relname, _holder.oid) into _version;
      end if;
    end if;

    _named := null;
    _message_db := null;
    for _function in
      select p.proname, p.prosrc from pg_proc p
      where p.pronamespace = _found.namespace and p.proname = any ('{write_message,message_store_version}')
    loop
      if _function.proname = 'write_message' then
        _named := coalesce(_named, {written});
      else
        -- Message DB's version is in the body of a function. The body is read, and the function is not called.
        _message_db := json_build_object('version', substring(_function.prosrc from '''([0-9][0-9.]*)'''));
      end if;
    end loop;

    _shape := null;
    _is_locked := false;
    if _found.relkind in ('r', 'p') and _present @> {columns} then
      _described := _found.several <= 8;
      if not _described then
        _described := exists (
          select from pg_attribute a where a.attrelid = _found.oid and not a.attisdropped and a.atttypid >= 16384
        );
      end if;
      if _described then
        begin
{shape}
        exception when lock_not_available then
          if _found.several = 1 then
            raise;
          end if;
          _is_locked := true;
          -- As in check.sql.
          perform set_config('lock_timeout', '1ms', true);
        end;
      end if;
    end if;

    _namespaces := _namespaces || json_build_object(
      'schema', _found.nspname,
      'kind', _found.relkind,
      'present', _present,
      'hides_rows', row_security_active(_found.oid),
      'has_our_version', _is_ours,
      'version', _version,
      'version_problem', _holder.relname || ' was not read: ' || _problem,
      'named', _named,
      'message_db', _message_db,
      'is_locked', _is_locked,
      'shape', _shape
    );
  end loop;

  perform set_config('streamscope.found', json_build_object(
    'problem', _unread, 'registered', _registered, 'lost', _lost, 'namespaces', array_to_json(_namespaces)
  )::text, true);
end
$look$
