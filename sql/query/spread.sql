-- Times at places spread evenly over the whole namespace, by rising global position. None where the namespace is so small that it
-- is read sooner than looked into.
--
-- $1 how many places, $2 global positions of a namespace that is small
-- Served by: messages_pkey, one probe a place.
select probe.number, probe.time
from (
  select
    (select global_position::bigint as number from {table} order by global_position limit 1) as lowest,
    (select global_position::bigint as number from {table} order by global_position desc limit 1) as highest
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
