-- Removes the entry of a namespace whose schema is gone, and returns its ID.
--
-- $1 id
delete from eventodb_store.namespaces r
where id::text = $1
  and not exists (select from pg_namespace n where n.nspname::text = r.schema_name::text)
returning id::text
