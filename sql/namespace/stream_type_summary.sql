-- Counts messages by stream and type, with their share of all messages in percent. Reads the whole table.
create or replace view {schema}.stream_type_summary as
  with counted as (
    select stream_name, type, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select stream_name, type, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by stream_name, type;
