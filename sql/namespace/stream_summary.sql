-- Counts messages by stream, with their share of all messages in percent. Reads the whole table.
create or replace view {schema}.stream_summary as
  with counted as (
    select stream_name, count(*) as message_count
    from {schema}.messages
    group by 1
  )
  select stream_name, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by stream_name;
