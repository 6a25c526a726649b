-- Examines the messages of one window of global positions for doctor --deep. For each fault: the number of messages
-- that have it, and the first one as stream@position.
--
-- $1 above this global position, $2 the most messages to examine, $3 seconds that times may run backwards
-- Served by: messages_pkey; for each message messages_stream and messages_id.
select
  count(*) as examined,
  max(m.global_position) as last,
  count(*) filter (where m.gap) as gaps,
  (array_agg(m.shown order by m.global_position) filter (where m.gap))[1] as gap,
  count(*) filter (where m.repeated) as repetitions,
  (array_agg(m.shown order by m.global_position) filter (where m.repeated))[1] as repetition,
  count(*) filter (where m.shared_id) as shared_ids,
  (array_agg(m.shown order by m.global_position) filter (where m.shared_id))[1] as shared_id,
  count(*) filter (where m.backwards) as backward_times,
  (array_agg(m.shown order by m.global_position) filter (where m.backwards))[1] as backward_time,
  count(*) filter (where m.lost_cause) as lost_causes,
  (array_agg(m.shown order by m.global_position) filter (where m.lost_cause))[1] as lost_cause,
  count(*) filter (where m.no_object) as no_objects,
  (array_agg(m.shown order by m.global_position) filter (where m.no_object))[1] as no_object,
  count(*) filter (where m.no_id) as no_ids,
  (array_agg(m.shown order by m.global_position) filter (where m.no_id))[1] as no_id
from (
  select
    w.global_position,
    w.stream || '@' || w.in_stream as shown,
    w.in_stream < 0 or w.in_stream > 0 and not exists (
      select from {table} p where p.stream_name::text = w.stream and p.position = w.in_stream - 1
    ) as gap,
    exists (
      select from {table} p
      where p.stream_name::text = w.stream and p.position = w.in_stream and p.global_position <> w.global_position
    ) as repeated,
    exists (select from {table} p where p.id = w.id and p.global_position <> w.global_position) as shared_id,
    w.time < lag(w.time) over (order by w.global_position) - $3 * interval '1 second' as backwards,
    w.metadata ->> 'causationMessageStreamName' is not null
      and w.metadata ->> 'causationMessagePosition' ~ '^[0-9]{1,18}$'
      and not exists (
        select from {table} p
        where p.stream_name::text = w.metadata ->> 'causationMessageStreamName'
          and p.position = case
            when w.metadata ->> 'causationMessagePosition' ~ '^[0-9]{1,18}$'
            then (w.metadata ->> 'causationMessagePosition')::bigint
          end
      ) as lost_cause,
    w.has_data and coalesce(jsonb_typeof(w.data), '') <> 'object'
      or w.has_metadata and coalesce(jsonb_typeof(w.metadata), '') not in ('object', 'null') as no_object,
    strpos(w.stream, '-') = 0 as no_id
  from (
    select
      t.global_position::bigint,
      t.position::bigint as in_stream,
      t.stream_name::text as stream,
      t.id,
      {time} as time,
      {data} as data,
      {metadata} as metadata,
      -- A body that is not JSON is null here.
      t.data is not null as has_data,
      t.metadata is not null as has_metadata
    from {table} t
    where t.global_position > $1
    order by t.global_position
    limit $2
  ) w
) m
