-- Lists the types of the newest messages of a category, the most frequent first.
--
-- $1 category, $2 number of messages to read
-- Served by: messages_category (category expression, global_position).
select type::text
from (
  select type
  from {table}
  where
    ({category}, global_position) <= ($1, 9223372036854775807)
    and ({category}, global_position) >= ($1, '-9223372036854775808'::bigint)
  order by {category} desc, global_position desc
  limit $2
) as recent
group by type
order by count(*) desc, type collate "C"
