-- Message DB's six summary views: the number of messages and their share of all messages in percent. They read the whole table.

create or replace view {schema}.category_type_summary as
  with counted as (
    select {schema}.category(stream_name) as category, type, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select category, type, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by category, type;

create or replace view {schema}.stream_summary as
  with counted as (
    select stream_name, count(*) as message_count
    from {schema}.messages
    group by 1
  )
  select stream_name, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by stream_name;

create or replace view {schema}.stream_type_summary as
  with counted as (
    select stream_name, type, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select stream_name, type, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by stream_name, type;

create or replace view {schema}.type_category_summary as
  with counted as (
    select type, {schema}.category(stream_name) as category, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select type, category, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by type, category;

create or replace view {schema}.type_stream_summary as
  with counted as (
    select type, stream_name, count(*) as message_count
    from {schema}.messages
    group by 1, 2
  )
  select type, stream_name, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by type, stream_name;

create or replace view {schema}.type_summary as
  with counted as (
    select type, count(*) as message_count
    from {schema}.messages
    group by 1
  )
  select type, message_count, round(message_count / sum(message_count) over () * 100, 2) as percent
  from counted
  order by type;
