-- Reads the tables in which consumers of other programs keep their positions. Anyone may have created them, in any
-- schema, so each is locked, checked in the catalog, and read only if that calls none of its owner's code. Their rows,
-- or the reasons not to read them, are passed on in a setting that ends with the transaction.
--
-- {guards}: guards.sql. {check}: check.sql. {rows}: how many rows to read at most.
--
-- Runs in a transaction whose search path finds only built-in functions.
-- Served by: the catalog; reads the whole of these small tables.
{guards}
do $look$
declare
  _holder record;
  _columns name[];
  _types oid[] := '{text,varchar,bpchar,uuid,int4,int8,timestamp,timestamptz}'::regtype[];
  _problem text;
  _rows json;
  _tables json[] := '{}';
begin
  for _holder in
    select
      c.oid, n.nspname, c.relname, c.relkind,
      has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable,
      case c.relname
        when 'propulsion_checkpoint' then 'consumer_group, tranche, position, null, null'
        else 'consumer_id, category, position, extract(epoch from updated_at)::bigint, namespace'
      end as selected
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relname in ('propulsion_checkpoint', 'evento_consumer_positions')
    order by n.nspname, c.relname
  loop
    _rows := null;
    if _holder.readable then
      _columns := case _holder.relname
        when 'propulsion_checkpoint' then '{consumer_group,tranche,position}'
        else '{consumer_id,category,position,updated_at,namespace}'
      end;
{check}
    else
      _problem := 'this role may not read the table';
    end if;
    if _problem is null then
      begin
        -- Without "only", the tables that inherit from it would be read as well, and those were not checked. The
        -- comparison of OIDs comes first, so no value is evaluated if another table has taken this one's place.
        execute format(
          'select json_agg(json_build_object(
             ''name'', left(r.name::text, 1000), ''category'', left(r.category::text, 1000), ''position'', r.position::bigint, ''moved'', r.moved,
             ''namespace'', left(r.namespace::text, 1000)
           )) from (
             select %s from only %I.%I where case when tableoid = %s then true end limit {rows}
           ) r (name, category, position, moved, namespace)',
          _holder.selected, _holder.nspname, _holder.relname, _holder.oid
        ) into _rows;
      exception when others then
        _problem := sqlerrm;
      end;
    end if;
    _tables := _tables || json_build_object(
      'schema', _holder.nspname, 'name', _holder.relname, 'rows', coalesce(_rows, '[]'), 'problem', _problem
    );
  end loop;
  perform set_config('streamscope.tables', array_to_json(_tables)::text, true);
end
$look$
