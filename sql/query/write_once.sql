-- Writes one message through the namespace's write_message, unless a message with its id is there; gives the position, or no row.
-- The category lock is held already, by a statement before this one: so this one sees every message that a writer of the category
-- committed. The position is kept in a setting of the transaction, for the look at what was stored.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata, $6 expected version, $7 id
-- Served by: an index on id, else messages_stream.
select pg_catalog.set_config('streamscope.position', {write_message}($1, $2, $3, $4, $5, $6)::text, true)
where not exists (select from {table} m where {same_id})
