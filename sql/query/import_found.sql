-- Compares messages with the stored messages that have their position or their ID. Returns one row for each given
-- message, in order. A table without unique indexes can have several, and the most similar one is compared. A JSON null
-- and NULL are exported alike, so they count as equal. The texts of data and metadata are returned as jsonb if they
-- differ and the values are equal, and whether the column has a different text in any way. Exported bodies have the
-- text of the server, so texts are compared first. A stored body that is not JSON is null as data_json or
-- metadata_json, and equals only its own text.
--
-- {id_is}: whether a stored message has the given ID
-- {data_differs}, {metadata_differs}: whether the text in the column differs from the given one
-- $1 ids, $2 streams, $3 positions, $4 types, $5 data, $6 metadata
-- Served by: messages_stream, or messages_id or another index on id.
select
  m.id, m.stream_name, m.position, m.global_position, m.time, m.same_type,
  coalesce(m.data = n.data or m.data_json = n.data::jsonb, false),
  coalesce(m.metadata = n.metadata or m.metadata_json = n.metadata::jsonb, false),
  case when m.data <> n.data and m.data_json = n.data::jsonb then m.data_json::text end,
  case when m.data <> n.data and m.data_json = n.data::jsonb then n.data::jsonb::text end,
  case when m.metadata <> n.metadata and m.metadata_json = n.metadata::jsonb then m.metadata_json::text end,
  case when m.metadata <> n.metadata and m.metadata_json = n.metadata::jsonb then n.metadata::jsonb::text end,
  coalesce({data_differs}, false),
  coalesce({metadata_differs}, false)
from (
  select n.id, n.stream, n.position, n.type, coalesce(n.data, 'null') as data, coalesce(n.metadata, 'null') as metadata, n.number
  from unnest($1, $2, $3, $4, $5, $6) with ordinality as n (id, stream, position, type, data, metadata, number)
) n
left join lateral (
  select m.id::text, m.stream_name::text, m.position::bigint, m.global_position::bigint, {m.time} as time,
    m.type::text = n.type as same_type,
    case when m.data is null then 'null' else {m.data_text} end as data,
    case when m.metadata is null then 'null' else {m.metadata_text} end as metadata,
    case when m.data is null then 'null' else {m.data} end as data_json,
    case when m.metadata is null then 'null' else {m.metadata} end as metadata_json
  from {table} m
  where {condition}
  order by m.stream_name::text = n.stream desc, {id_is} desc
  limit 1
) m on true
order by n.number
