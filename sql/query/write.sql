-- Writes one message through the write_message of one of streamscope's own namespaces, and returns its position and
-- global position. As a single statement it takes one round trip and one transaction. The parameters have the types
-- that write_message declares and the call stands alone, because every cast and subquery would be planned again for
-- each message.
--
-- The select list is evaluated from left to right; otherwise currval would fail in a new session. currval belongs to
-- this session and this sequence, so it never returns another writer's number.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata, $6 expected version, $7 sequence
-- Served by: messages_stream (the version) and messages_id, inside write_message.
select
  {write_message}($1, $2, $3, $4, $5, $6),
  pg_catalog.currval($7::pg_catalog.regclass)
