-- Updates the entry of a schema that was renamed, unless another schema has taken the old name or the new name is
-- registered already.
--
-- $1 old name, $2 new name
update eventodb_store.namespaces
set schema_name = $2
where schema_name::text = $1
  and not exists (select from pg_namespace where nspname = $1)
  and not exists (select from eventodb_store.namespaces where schema_name::text = $2)
