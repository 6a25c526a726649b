-- Samples the times of messages spread evenly across the whole namespace, by ascending global position. Returns nothing
-- for a small namespace, which is faster to search than to sample.
--
-- $1 number of samples, $2 the range of global positions up to which a namespace is small
-- Served by: messages_pkey, with one probe for each sample.
select probe.number, probe.time
from (
  select
    (select global_position::bigint as number from {table} order by global_position limit 1) as lowest,
    (select global_position::bigint as number from {table} where global_position is not null order by global_position desc limit 1) as highest
) as ends
cross join generate_series(0, $1) as n
cross join lateral (
  select global_position::bigint as number, {time} as time
  from {table}
  where global_position >= case when n = $1 then highest else lowest + (highest - lowest) / $1 * n end
  order by global_position
  limit 1
) as probe
where highest - lowest > $2
order by n
