-- Finds where the buckets of a timeline begin: for each time, the number below which all messages are older, and the
-- first message from there on. It bisects numbers for all times at once, because time rises with them approximately.
--
-- Invariant: every number below lo has a lower time, and no number from hi on has. Each step reads one message in
-- between.
--
-- $1 times, $2 lowest and $3 highest possible number of each, $4 name of the stream or category (null for the
-- namespace)
-- Served by: the index that orders the scope, with one probe for each step of each time.
with recursive bisect(edge, starts, lo, hi) as (
  select edge, starts, lo, hi
  from unnest($1::timestamp[], $2::bigint[], $3::bigint[]) with ordinality as edges(starts, lo, hi, edge)
  union all
  select
    bisect.edge,
    bisect.starts,
    case when probe.written < bisect.starts then probe.number + 1 else bisect.lo end,
    case when probe.written < bisect.starts then bisect.hi else middle.number end
  from bisect
  cross join lateral (select bisect.lo + (bisect.hi - bisect.lo) / 2 as number) as middle
  left join lateral (
    select {number}::bigint as number, {time} as written from {table} {from_middle} limit 1
  ) as probe on true
  where bisect.lo < bisect.hi
)
select bisect.edge, bisect.lo, (select {number}::bigint from {table} {from_edge} limit 1)
from bisect
where bisect.lo >= bisect.hi
