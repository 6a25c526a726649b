-- Reads the beginnings of several parts of a category: how many messages were read of each part, how many of those
-- belong to the member, the last one, and whether the part has more.
--
-- $1 where the parts begin, $2 where they end (exclusive), $3 name of the category, $4 member or null, $5 group size or
-- null,
-- $6 the most messages to read of each part
-- Served by: messages_category.
select
  parts.part,
  count(*) filter (where begin.number < parts.upper),
  count(*) filter (where begin.number < parts.upper and begin.belongs),
  max(begin.number),
  count(*) = $6 and max(begin.number) < parts.upper - 1
from unnest($1::bigint[], $2::bigint[]) with ordinality as parts(lower, upper, part)
cross join lateral (
  select {number}::bigint as number, ($4::bigint is null or {member}) as belongs
  from {table}
  {from_part}
  limit $6
) as begin
group by parts.part, parts.upper
