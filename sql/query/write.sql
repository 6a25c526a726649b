-- Writes one message through the write_message of a namespace of ours; gives its position and global position. One statement,
-- so one round trip and one transaction. The parameters have write_message's own types and there is nothing around the call:
-- each cast and each subquery is planned again for every message.
--
-- A select list is evaluated from left to right; were it not, currval would fail in a new session. currval is of this session
-- and of this sequence, so another writer's number cannot come in.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata, $6 expected version, $7 sequence
-- Served by: messages_stream (the version) and messages_id, inside write_message.
select
  {write_message}($1, $2, $3, $4, $5, $6),
  pg_catalog.currval($7::pg_catalog.regclass)
