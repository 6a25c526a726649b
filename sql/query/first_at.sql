-- Finds the first message at or after a time by bisecting numbers, because time rises with them approximately. The time
-- of a message is the time at which its transaction began, and the transaction may have waited for a lock since. So the
-- 1,000 numbers before the result of the bisection are searched as well. The same query finds the first message of a
-- stream from a global position on.
--
-- Invariant: every number below lo has a lower value, and no number from hi on has. Each step reads one message in
-- between.
--
-- {measure} time or global_position, $1 a value of it, $2 name of the stream or category (null for the namespace)
-- Served by: the index that orders the scope, with one probe for each step.
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
