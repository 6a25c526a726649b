-- Compares a stored message with one that was sent. Returns the version of the stream, the position of the stored
-- message, which fields are equal, and the texts of data and metadata if the values are equal but the texts differ.
-- jsonb compares numbers by value, so 1.0 equals 1.00. A JSON null and NULL are exported alike, so they count as equal.
-- If several messages have the ID, the one in the given stream is compared. A column that is not jsonb keeps any text.
-- It is compared with the text that write_message gets, as jsonb or unchanged; an import stores line breaks as blanks.
-- A stored body that is not JSON is null as stored_data or stored_metadata, and differs from every other.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata or null
-- Served by: messages_stream, and messages_id or another index on id.
select
  (
    select s.position::bigint from {table} s
    where s.stream_name::text = $2 and s.position is not null
    order by s.position desc
    limit 1
  ) as version,
  m.position,
  m.global_position,
  m.same_id,
  m.same_stream,
  m.same_type,
  coalesce(m.stored_data = m.sent_data, false),
  coalesce(m.stored_metadata = m.sent_metadata, false),
  case when m.stored_data = m.sent_data and m.stored_data::text <> m.sent_data::text then m.stored_data::text end,
  case when m.stored_data = m.sent_data and m.stored_data::text <> m.sent_data::text then m.sent_data::text end,
  case
    when m.stored_metadata = m.sent_metadata and m.stored_metadata::text <> m.sent_metadata::text
    then m.stored_metadata::text
  end,
  case
    when m.stored_metadata = m.sent_metadata and m.stored_metadata::text <> m.sent_metadata::text
    then m.sent_metadata::text
  end,
  coalesce(
    translate(m.data_text, chr(10) || chr(13), '  ') not in (m.sent_data::text, translate($4, chr(10) || chr(13), '  ')),
    false
  ),
  coalesce(
    translate(m.metadata_text, chr(10) || chr(13), '  ')
      not in (m.sent_metadata::text, translate(coalesce($5, 'null'), chr(10) || chr(13), '  ')),
    false
  )
from (select 1) one
left join lateral (
  select
    m.position::bigint,
    m.global_position::bigint,
    {m_id_is} as same_id,
    m.stream_name::text = $2 as same_stream,
    m.type::text = $3 as same_type,
    case when m.data is null then 'null' else {m.data} end as stored_data,
    $4::jsonb as sent_data,
    case when m.metadata is null then 'null' else {m.metadata} end as stored_metadata,
    case when m.data is null then 'null' else {m.data_text} end as data_text,
    case when m.metadata is null then 'null' else {m.metadata_text} end as metadata_text,
    coalesce($5, 'null')::jsonb as sent_metadata
  from {table} m
  where {condition}
  order by m.stream_name::text = $2 desc, {m_id_is} desc
  limit 1
) m on true
