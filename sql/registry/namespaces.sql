-- The registry of namespaces, in the format that an EventoDB server on the same database reads and writes. created_at
-- is in Unix seconds, and token_hash is the SHA-256 digest of the token in hex.
create schema if not exists eventodb_store;

create table if not exists eventodb_store.namespaces (
  id text primary key,
  token_hash text unique not null,
  schema_name text unique not null,
  description text,
  created_at bigint not null,
  metadata jsonb
);
