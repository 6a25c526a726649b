-- The first message at or after a time, by bisecting the numbers: time rises with them, nearly. A message has the time at which
-- its transaction began, and a transaction may have waited for a lock since; so the 1,000 numbers before the place
-- found are looked at once more. The first message of a stream from a global position on is found alike.
--
-- Every number under lo has an earlier time, none from hi on has; each step looks at one message between them.
--
-- {measure} time or global_position, $1 a value of it, $2 name of the stream or category (null for the namespace)
-- Served by: the index that the scope is ordered by, one probe a step.
with recursive bisect(lo, hi) as (
  select
    (select {number}::bigint from {table} {from_first} limit 1),
    (select {number}::bigint + 1 from {table} {back_from_last} limit 1)
  union all
  select
    case when probe.measure < $1 then probe.number + 1 else bisect.lo end,
    case when probe.measure < $1 then bisect.hi else middle.number end
  from bisect
  cross join lateral (select bisect.lo + (bisect.hi - bisect.lo) / 2 as number) as middle
  left join lateral (select {number}::bigint as number, {measure} as measure from {table} {from_middle} limit 1) as probe on true
  where bisect.lo < bisect.hi
),
place as (
  select greatest(lo - 1000, -1) as number from bisect where lo >= hi
)
select found.*
from place
cross join lateral (
  select {head} from (select * from {table} {from_place} limit 2000) as near where {measure} >= $1 order by {number} limit 1
) as found
