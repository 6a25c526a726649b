-- Reads the last message of each of several streams in which consumers record their positions: the stream, the time,
-- and the beginnings of data and metadata.
--
-- $1 names of the streams
-- Served by: messages_stream, with one probe for each stream.
select names.name, last.written, last.data, last.metadata
from unnest($1::text[]) as names(name)
cross join lateral (
  select {m.time} as written, left({m.data_text}, 4000) as data, left({m.metadata_text}, 4000) as metadata
  from {table} as m
  where m.stream_name::text = names.name and m.position is not null
  order by m.position desc
  limit 1
) as last
