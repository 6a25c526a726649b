-- Returns the first column of the registry that is missing or cannot hold what insert.sql writes: its name, its type or
-- null, and the type that it must have.
--
-- Served by: the catalog.
select w.name, format_type(a.atttypid, a.atttypmod), w.kinds[1]::text
from (values
  (1, 'id', '{text,varchar,bpchar}'::regtype[]),
  (2, 'token_hash', '{text,varchar,bpchar}'),
  (3, 'schema_name', '{text,varchar,bpchar,name}'),
  (4, 'description', '{text,varchar,bpchar}'),
  (5, 'created_at', '{bigint,integer,numeric}'),
  (6, 'metadata', '{jsonb,json,text,varchar}')
) w (place, name, kinds)
left join pg_attribute a
  on a.attrelid = to_regclass('eventodb_store.namespaces') and a.attname = w.name and not a.attisdropped
where a.atttypid is null or a.atttypid <> all (w.kinds::oid[])
order by w.place
limit 1
