-- Reads the registry and the version tables, before the user has chosen a namespace. Anyone who may create schemas can have created
-- these tables, so each is locked, checked in the catalog, and read only if that calls none of its owner's code. The contents, or the
-- reasons not to read them, are passed on in settings that end with the transaction.
--
-- {wanted}: the name of one namespace in hex, or empty for all. {which}: a condition that selects the schemas. {guards}: guards.sql.
-- {check}: check.sql.
--
-- Runs in a transaction whose search path finds only built-in functions.
-- Served by: the catalog; reads the whole of these small tables.
{guards}
-- The joins here and in list.sql can use indexes. In a new session, considering other joins takes longer than the query.
set local enable_hashjoin = off;
set local enable_mergejoin = off;
do $look$
declare
  _wanted text := nullif(convert_from(decode('{wanted}', 'hex'), 'UTF8'), '');
  _schema text;
  _holder record;
  _columns name[] := '{id,schema_name,description,created_at}';
  _types oid[];
  _problem text;
  _registered json := '[]';
  _version text;
  _versions json[] := '{}';
begin
  -- The owner of the database can give a setting a value for every session.
  perform set_config('streamscope.problem', '', true);

  select c.oid, n.nspname, c.relname, c.relkind into _holder
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'eventodb_store' and c.relname = 'namespaces'
    and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select');
  if found then
{check}
    if _problem is null then
      -- The comparison of OIDs comes first, so no value is evaluated if another table has taken this one's place. Whatever was written to
      -- the table, a bounded part of it is read: the entries of existing schemas before the others.
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
    else
      perform set_config('streamscope.problem', _problem, true);
    end if;
  end if;

  if _wanted is not null then
    -- A registered ID takes precedence over the name of a schema.
    select r ->> 'schema' into _schema
    from json_array_elements(_registered) r
    where r ->> 'id' = _wanted and exists (select from pg_namespace n where n.nspname = r ->> 'schema');
    _schema := coalesce(_schema, _wanted);
  end if;

  _columns := '{version}';
  -- The types of numbers and text, because the newest version is looked for.
  _types := '{int2,int4,int8,numeric,text,varchar,bpchar}'::regtype[];
  for _holder in
    select v.oid, n.nspname, v.relname, v.relkind
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_class v on v.oid = coalesce(
      (select o.oid from pg_class o where o.relnamespace = n.oid and o.relname = '_streamscope_version'),
      (select o.oid from pg_class o where o.relnamespace = n.oid and o.relname = '_schema_version')
    )
    where c.relname = 'messages' and {which}
      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(v.oid, 'select')
    order by n.nspname
  loop
    _version := null;
{check}
    if _problem is null then
      execute format('select left(max(version)::text, 1000) from only %I.%I where case when tableoid = %s then true end',
        _holder.nspname, _holder.relname, _holder.oid) into _version;
    end if;
    _versions := _versions || json_build_object(
      'schema', _holder.nspname, 'version', _version, 'problem', _holder.relname || ' was not read: ' || _problem
    );
  end loop;

  perform set_config('streamscope.schema', coalesce(_schema, ''), true);
  perform set_config('streamscope.registered', _registered::text, true);
  perform set_config('streamscope.versions', array_to_json(_versions)::text, true);
end
$look$
