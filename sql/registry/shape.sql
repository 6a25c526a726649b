-- Part of find.sql and describe.sql: sets _shape to a description of the table messages in _found, a row with oid,
-- relkind, relispartition, relhassubclass, relhastriggers, relhasrules, and the OID of the schema as namespace. Reads
-- only the catalog, and calls no code of the schema. Small statements, because planning a large one takes a new session
-- longer than everything else. Rare features are looked for only if the table may have them.
--
-- {columns}: the columns of a message, as an array. {indirect}: indirect.sql, for the expression of a policy
-- Served by: the catalog.
declare
  _server_version int4 := current_setting('server_version_num');
  _level oid[] := array[_found.oid];
  _parts oid[] := '{}';
  _parts_found json := '[]';
  _tables oid[];
  _relations oid[];
  _index record;
  _unique json[] := '{}';
  _ids_are_indexed boolean := _found.relkind = 'p';
  _column record;
  _fields jsonb := '{}';
  _generated int2[] := '{}';
  _id_number int2;
  _stream_collation oid;
  _global record;
  _database record;
  _bytewise boolean;
  _default record;
  _sequence_oid oid;
  _sequence record;
  _owned boolean := false;
  _triggers json := '[]';
  _rules json := '[]';
  _routine record;
  _arguments json;
  _body text;
  _is_message_db boolean := false;
  _originals oid[] := '{}';
  _overloads oid[] := '{}';
  _policies oid[] := '{}';
  _class oid;
  _objects oid[];
  _calls text[] := '{}';
begin
  -- Partitions and inheriting tables, at every level, and then the tables whose partition this one is, because its
  -- partition constraint has the expressions of their keys.
  while _found.relhassubclass loop
    _level := array(select h.inhrelid from pg_inherits h where h.inhparent = any (_level) and h.inhrelid <> all (_parts));
    exit when _level = '{}';
    _parts := _parts || _level;
  end loop;
  _tables := _found.oid || _parts;
  _level := array[_found.oid];
  while _found.relispartition loop
    _level := array(select h.inhparent from pg_inherits h where h.inhrelid = any (_level) and h.inhparent <> all (_tables));
    exit when _level = '{}';
    _tables := _tables || _level;
  end loop;

  -- The columns of a message, each with its type, or with the base type of its domain.
  if _server_version >= 120000 then
    _generated := array(select a.attnum from pg_attribute a where a.attrelid = _found.oid and a.attnum > 0 and a.attgenerated <> '');
  end if;
  for _column in
    select
      a.attname, a.attnum, a.attnotnull, a.attidentity <> '' as identity, a.attcollation,
      format_type(a.atttypid, a.atttypmod) as type_name, a.atttypmod as modifier, t.oid, t.typtype, t.typbasetype, t.typtypmod,
      false as has_casts, false as nondeterministic
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = _found.oid and a.attname = any ({columns}) and not a.attisdropped
  loop
    while _column.typtype = 'd' loop
      _column.modifier := greatest(_column.modifier, _column.typtypmod);
      select t.oid, t.typtype, t.typbasetype, t.typtypmod
      into _column.oid, _column.typtype, _column.typbasetype, _column.typtypmod
      from pg_type t
      where t.oid = _column.typbasetype;
    end loop;
    if _column.typtype = 'e' then
      _column.has_casts := exists (select from pg_cast k where k.castsource = _column.oid);
    end if;
    if _server_version >= 120000 and _column.attcollation not in (0, 100) then
      _column.nondeterministic := exists (
        select from pg_collation l where l.oid = _column.attcollation and not l.collisdeterministic
      );
    end if;
    _fields := _fields || jsonb_build_object(_column.attname, jsonb_build_object(
      'number', _column.attnum,
      'oid', _column.oid::int8,
      'modifier', _column.modifier,
      'kind', _column.typtype,
      'name', _column.type_name,
      'not_null', _column.attnotnull,
      'identity', _column.identity,
      'generated', _column.attnum = any (_generated),
      'nondeterministic', _column.nondeterministic,
      'has_casts', _column.has_casts
    ));
    case _column.attname
      when 'id' then _id_number := _column.attnum;
      when 'stream_name' then _stream_collation := _column.attcollation;
      when 'global_position' then _global := _column;
      else null;
    end case;
  end loop;

  -- Whether names sort bytewise, by the collation of the column or, if that is the default, of the database.
  if _stream_collation <> 100 then
    _bytewise := (select l.collname from pg_collation l where l.oid = _stream_collation) in ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8');
  else
    -- The names of the columns depend on the server's version.
    select d.settings ->> 'datlocprovider' as provider, coalesce(d.settings ->> 'datlocale', d.settings ->> 'datcollate') as locale
    into _database
    from (select to_json(b) as settings from pg_database b where b.datname = current_database()) d;
    _bytewise := coalesce(_database.provider, 'c') in ('c', 'b') and upper(_database.locale) in ('C', 'POSIX', 'C.UTF-8', 'C.UTF8');
  end if;

  -- The columns of each valid, immediate unique index that covers all rows, in index order, by number. Those that are
  -- only included have no entry in indoption.
  _relations := _tables;
  for _index in
    select
      i.indexrelid, i.indrelid, (i.indkey::int2[])[0:array_upper(i.indoption::int2[], 1)] as key,
      i.indisvalid and i.indpred is null as is_complete,
      i.indisunique and i.indisready and i.indimmediate and i.indexprs is null as is_unique
    from pg_index i
    where i.indrelid = any (_tables)
  loop
    _relations := _relations || _index.indexrelid;
    if _index.indrelid = _found.oid and _index.is_complete then
      if _index.is_unique then
        _unique := _unique || to_json(_index.key);
      end if;
      _ids_are_indexed := _ids_are_indexed or coalesce(_index.key[1] = _id_number, false);
    end if;
  end loop;

  -- The default of global_position, and the sequence of the default or the identity column.
  select d.oid, pg_get_expr(d.adbin, d.adrelid) as text into _default
  from pg_attrdef d
  where d.adrelid = _found.oid and d.adnum = _global.attnum;
  if _global.identity then
    _sequence_oid := (
      select p.objid from pg_depend p
      where p.refclassid = 'pg_class'::regclass
        and p.refobjid = _found.oid
        and p.refobjsubid = _global.attnum
        and p.classid = 'pg_class'::regclass
        and p.deptype = 'i'
      limit 1
    );
  else
    _sequence_oid := (
      select p.refobjid from pg_depend p
      where p.classid = 'pg_attrdef'::regclass
        and p.objid = _default.oid
        and p.refclassid = 'pg_class'::regclass
        and p.refobjid <> _found.oid
      limit 1
    );
  end if;
  select s.seqrelid as oid, s.seqrelid::regclass as name, s.seqcache, s.seqincrement, s.seqcycle into _sequence
  from pg_sequence s
  where s.seqrelid = _sequence_oid;
  if found then
    _owned := exists (
      select from pg_depend o
      where o.classid = 'pg_class'::regclass
        and o.objid = _sequence.oid
        and o.refclassid = 'pg_class'::regclass
        and o.refobjid = _found.oid
        and o.refobjsubid = _global.attnum
        and o.deptype = any ('{a,i}')
    );
  end if;

  if _parts <> '{}' then
    -- An insert into one of them uses its own default of global_position: the next number of the sequence in
    -- draws_from, or some other expression if draws_from is 0.
    _parts_found := (
      select json_agg(json_build_object(
        'oid', p.oid::int8,
        'kind', p.relkind,
        'name', p.oid::regclass::text,
        'draws_from', (
          select coalesce((
            select q.refobjid from pg_depend q
            where q.classid = 'pg_attrdef'::regclass
              and q.objid = d.oid
              and q.refclassid = 'pg_class'::regclass
              and pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', q.refobjid::regclass)
          ), 0)::int8
          from pg_attribute a
          join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = p.oid and a.attname = 'global_position' and not a.attisdropped
        )
      ) order by p.oid)
      from pg_class p
      where p.oid = any (_parts)
    );
    _ids_are_indexed := _ids_are_indexed and not exists (
      select from pg_class p
      where p.oid = any (_parts)
        and p.relkind <> 'p'
        and not exists (
          select from pg_index i
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
          where i.indrelid = p.oid and a.attname = 'id' and i.indisvalid and i.indpred is null
        )
    );
  end if;

  -- Enabled, user-defined triggers that fire on INSERT, including those that only some partitions have. tgtype is a set
  -- of bits: 1 row, 2 before, 4 insert, 64 instead.
  if _found.relhastriggers or _parts <> '{}' then
    _triggers := (
      select coalesce(json_agg(json_build_object(
        'name', g.tgname,
        'row', g.tgtype::int4 & 1 <> 0,
        'before', g.tgtype::int4 & 2 <> 0,
        'numbers', g.tgtype::int4 & 3 = 3 and strpos(f.prosrc, 'global_position') > 0
      ) order by g.tgname), '[]')
      from pg_trigger g
      join pg_proc f on f.oid = g.tgfoid
      where g.tgrelid = any (_found.oid || _parts)
        -- A trigger of a partitioned table has a copy in each partition. Before PostgreSQL 13 the copies do not say so.
        and coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
        and not g.tgisinternal
        and g.tgenabled <> 'D'
        and g.tgtype::int4 & 4 <> 0
    );
  end if;
  if _found.relhasrules then
    _rules := (
      select coalesce(json_agg(r.rulename order by r.rulename), '[]')
      from pg_rewrite r
      where r.ev_class = _found.oid
    );
  end if;

  -- User-defined functions and operators that planning or reading calls: in index expressions, statistics, constraints,
  -- partition keys and the policies that apply. A type can call functions in the checks of its domains, and a relation
  -- that a policy reads in anything above. In a schema of Message DB, reading a category calls its function category,
  -- or an overload of it. They are listed too, except for the original one.
  for _routine in
    select p.oid, p.proname, p.pronargs, p.proargtypes, p.prorettype, p.proconfig, p.prosrc, l.lanname
    from pg_proc p
    join pg_language l on l.oid = p.prolang
    where p.pronamespace = _found.namespace and p.proname = any ('{write_message,message_store_version,category}')
    order by p.oid desc
  loop
    if _routine.proname = 'message_store_version' then
      _is_message_db := true;
    elsif _routine.proname = 'write_message' then
      if _routine.pronargs = 6 then
        _arguments := to_json(_routine.proargtypes::oid[]::int8[]);
        _body := nullif(_routine.prosrc, '');
      end if;
    elsif _routine.pronargs = 1 and _routine.proargtypes[0] = 'varchar'::regtype and _routine.prorettype = 'varchar'::regtype
      and _routine.proconfig is null and _routine.lanname = 'plpgsql'
      and regexp_replace(lower(_routine.prosrc), '[[:space:]]', '', 'g') = 'beginreturnsplit_part(category.stream_name,''-'',1);end;'
    then
      _originals := _originals || _routine.oid;
    else
      _overloads := _overloads || _routine.oid;
    end if;
  end loop;
  if _is_message_db and _overloads <> '{}' and not exists (
    select from pg_class v where v.relnamespace = _found.namespace and v.relname = '_streamscope_version' and v.relkind = 'r'
  ) then
    _calls := array(select pg_describe_object('pg_proc'::regclass, f.oid, 0) from unnest(_overloads) f (oid));
  end if;
  if row_security_active(_found.oid) then
    _policies := array(select p.oid from pg_policy p where p.polrelid = _found.oid);
    _calls := _calls || array(
      select 'code behind ' || pg_describe_object('pg_policy'::regclass, p.oid, 0)
      from pg_policy p
      where p.oid = any (_policies)
        and {indirect}
    );
  end if;
  for _class, _objects in
    values
      ('pg_class'::regclass::oid, _relations),
      ('pg_statistic_ext'::regclass, array(select s.oid from pg_statistic_ext s where s.stxrelid = any (_tables))),
      ('pg_constraint'::regclass, array(select k.oid from pg_constraint k where k.conrelid = any (_tables))),
      ('pg_policy'::regclass, _policies)
  loop
    continue when _objects = '{}';
    _calls := _calls || array(
      select
        case when d.refclassid in ('pg_type'::regclass, 'pg_class'::regclass) then 'code behind ' else '' end
          || pg_describe_object(d.refclassid, d.refobjid, 0)
      from pg_depend d
      where d.classid = _class and d.objid = any (_objects) and (_class <> 'pg_class'::regclass or d.objsubid = 0)
        and case d.refclassid
          when 'pg_proc'::regclass then d.refobjid <> all (_originals)
          when 'pg_operator'::regclass then true
          when 'pg_type'::regclass then exists (select from pg_type y where y.oid = d.refobjid and y.typtype <> 'e')
          when 'pg_class'::regclass then _class = 'pg_policy'::regclass
            and not exists (select from pg_policy p where p.oid = d.objid and p.polrelid = d.refobjid)
          else false
        end
    );
  end loop;

  _shape := json_build_object(
    'table', _found.oid::int8,
    'kind', _found.relkind,
    'columns', _fields,
    'unique', array_to_json(_unique),
    'numbering', json_build_object(
      'default', _default.text,
      'is_nextval', coalesce(_default.text = format('nextval(%L::regclass)', _sequence.name), false),
      'sequence', _sequence.oid::int8,
      'sequence_name', _sequence.name,
      'owned', _owned,
      'cache', _sequence.seqcache,
      'increment', _sequence.seqincrement,
      'cycles', _sequence.seqcycle
    ),
    'parts', _parts_found,
    -- Whether every table with rows has a complete index that begins with id.
    'ids_are_indexed', _ids_are_indexed,
    'triggers', _triggers,
    -- The argument types of write_message.
    'write_arguments', _arguments,
    'write_body', _body,
    'rules', _rules,
    'row_security', row_security_active(_found.oid),
    -- A subscription names the partitions, unless the publication has publish_via_partition_root.
    'subscribed', exists (select from pg_subscription_rel r where r.srrelid = any (_found.oid || _parts)),
    'bytewise', coalesce(_bytewise, false),
    'calls', _calls
  );
end;
