-- Counts messages by type and category, with their share of all messages in percent. Reads the whole table.
create or replace view {schema}.type_category_summary as
  with counted as (
    select type, {schema}.category(stream_name) as category, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select type, category, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by type, category;
