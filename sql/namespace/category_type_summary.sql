-- Counts messages by category and type, with their share of all messages in percent. Reads the whole table.
create or replace view {schema}.category_type_summary as
  with counted as (
    select {schema}.category(stream_name) as category, type, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select category, type, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by category, type;
