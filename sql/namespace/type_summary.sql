-- Counts messages by type, with their share of all messages in percent. Reads the whole table.
create or replace view {schema}.type_summary as
  with counted as (
    select type, count(*) as message_count
    from {schema}.messages
    group by 1
  )
  select type, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by type;
