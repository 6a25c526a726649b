-- Samples the times of a scope at evenly spaced numbers, in ascending order: the number sampled, and the first message
-- from there on.
--
-- $1 number of intervals between the samples, $2 name of the stream or category (null for the namespace)
-- Served by: the index that orders the scope, with one probe for each sample.
select place.number, probe.number, probe.written
from (
  select
    (select {number}::bigint from {table} {from_first} limit 1) as lowest,
    (select {number}::bigint from {table} {back_from_last} limit 1) as highest
) as ends
cross join generate_series(0, $1) as n
cross join lateral (
  select case when n = $1 then highest else lowest + (highest - lowest) / $1 * n end as number
) as place
cross join lateral (
  select {number}::bigint as number, {time} as written from {table} {from_place} limit 1
) as probe
order by n
