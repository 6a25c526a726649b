-- Writes one message through the namespace's write_message, unless a message with its ID exists. Returns the position,
-- or no row. A previous statement has taken the category lock, so this one sees every message that other writers of the
-- category committed. The position is also stored in a setting of the transaction, for the lookup of the stored
-- message.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata, $6 expected version, $7 id as uuid
-- Served by: an index on id, else messages_stream.
select pg_catalog.set_config('streamscope.position', {write_message}($1, $2, $3, $4, $5, $6)::text, true)
where not exists (select from {table} m where {same_id})
