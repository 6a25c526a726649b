-- Part of find.sql and consumer_tables.sql: sets _problem to the reason not to read the table in _holder, or to null if
-- reading _columns from it calls none of its owner's code. Even the planner evaluates expressions of indexes and
-- statistics. The lock keeps the table unchanged until it has been read. Columns must have one of _types, or any
-- built-in type if that is null.
--
-- Served by: the catalog.
  _problem := null;
  if _holder.relkind = 'r' then
    begin
      execute format('lock table %I.%I in access share mode', _holder.nspname, _holder.relname);
    exception when lock_not_available then
      _problem := 'another session has locked it';
      -- A session that locks many tables delays the answer only once.
      perform set_config('lock_timeout', '1ms', true);
    end;
  end if;
  select case
    when _problem is not null then _problem
    when c.relkind = 'v' then 'it is a view'
    when c.relkind = 'm' then 'it is a materialized view'
    when c.relkind = 'f' then 'it is a foreign table'
    when c.relkind = 'p' then 'it is partitioned'
    when c.relkind <> 'r' then 'it is not a table'
    when c.relispartition then 'it is a partition of another table'
    when row_security_active(c.oid) then 'row security policies apply to it'
    when exists (select from pg_index i where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null))
      then 'one of its indexes has an expression'
    when exists (select from pg_statistic_ext s where s.stxrelid = c.oid) then 'it has extended statistics'
    else (
      select case
        when a.attname is null then format('it has no column %s', w.name)
        when a.atttypid >= 16384 or a.atttypid <> all (_types) then format('column %s has type %s', w.name, format_type(a.atttypid, a.atttypmod))
        else format('column %s is computed', w.name)
      end
      from unnest(_columns) with ordinality w (name, place)
      left join pg_attribute a on a.attrelid = c.oid and a.attname = w.name and not a.attisdropped
      -- Converting a row of pg_attribute to JSON can call a cast of its column's type.
      where case when a.atttypid < 16384 then a.atttypid <> all (_types) or to_jsonb(a) ->> 'attgenerated' = 'v' else true end
      order by w.place
      limit 1
    )
  end
  into _problem
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.oid = _holder.oid and c.relname = _holder.relname and n.nspname = _holder.nspname;
  if not found then
    _problem := 'another table took its place';
  end if;
