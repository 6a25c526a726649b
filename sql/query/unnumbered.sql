-- Counts the messages without a global position, which no reader sees.
--
-- Served by: an index on global_position, or a scan of the table.
select count(*) from {table} where global_position is null
