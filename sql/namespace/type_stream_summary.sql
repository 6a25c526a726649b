-- Counts messages by type and stream, with their share of all messages in percent. Reads the whole table.
create or replace view {schema}.type_stream_summary as
  with counted as (
    select type, stream_name, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select type, stream_name, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by type, stream_name;
