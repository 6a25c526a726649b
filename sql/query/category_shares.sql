-- Samples parts of a namespace at evenly spaced global positions: the part, the category, and how many of the samples
-- are messages of it. A position without a message counts for no category. A part that is no longer than the samples is
-- counted exactly.
--
-- Each sample lies at a random place in its step, the same each time, so that writers who take turns do not fall into
-- step with the samples.
--
-- $1 where the parts begin, $2 where they end (exclusive), $3 the most samples of each part
-- Served by: messages_pkey, with one probe for each sample.
select part.part, probe.category, count(*)
from (
  select part, lower, upper - lower as length, least($3, upper - lower) as samples
  from unnest($1::bigint[], $2::bigint[]) with ordinality as parts(lower, upper, part)
  where lower < upper
) as part
cross join lateral (
  select
    part.lower
    + part.length * sample / part.samples
    + mod((hashint8(part.lower + sample) & 2147483647)::bigint, greatest(1, part.length / part.samples)) as number
  from generate_series(0, part.samples - 1) as sample
) as place
-- The order makes every planner use the primary key, whatever the statistics say.
cross join lateral (
  select global_position::bigint as number, {category}::text as category
  from {table}
  where global_position >= place.number
  order by global_position
  limit 1
) as probe
where probe.number = place.number
group by 1, 2
