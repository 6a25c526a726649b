-- Registers a namespace. An EventoDB server cannot read a description or metadata that is NULL.
--
-- $1 id, $2 token_hash, $3 schema, $4 description, $5 created_at
insert into eventodb_store.namespaces (id, token_hash, schema_name, description, created_at, metadata)
values ($1, $2, $3, $4, $5, '{}')
