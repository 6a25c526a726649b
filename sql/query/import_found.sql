-- The stored messages at the places, or with the ids, of others, and whether they are the same ones; a row for each that is
-- asked for, in that order. A JSON null and NULL are printed alike, so they count as the same.
--
-- $1 ids, $2 streams, $3 positions, $4 types, $5 data, $6 metadata
-- Served by: messages_stream or messages_id.
select m.id, m.stream_name::text, m.position, m.global_position, m.time, m.same_type, m.same_data, m.same_metadata
from unnest($1, $2, $3, $4, $5, $6) with ordinality
  as n (id, stream, position, type, data, metadata, number)
left join lateral (
  select m.id, m.stream_name, m.position, m.global_position, m.time,
    m.type::text = n.type as same_type,
    coalesce(m.data, 'null') = coalesce(n.data, 'null')::jsonb as same_data,
    coalesce(m.metadata, 'null') = coalesce(n.metadata, 'null')::jsonb as same_metadata
  from {table} m
  where {condition}
  offset 0
) m on true
order by n.number
