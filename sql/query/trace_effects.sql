-- Finds the effects of known messages in a range of global positions, with the effects of these effects and so on.
-- Returns messages that are not known yet.
--
-- A link is text on both sides: the key of the cause that a message names, and the keys under which a message can be
-- named. The known keys are members of a JSON object, which is searched by bisection whatever the planner expects.
--
-- $1 above, $2 up to, $3 the known keys as an object, $4 limit, $5 known global positions, then the paths of the keys
-- Served by: messages_pkey.
with recursive links as (
  select
    m.global_position::bigint as number,
    m.stream_name::text as stream,
    m.position::bigint as position,
    lower(m.id::text) as id,
    {identities} as identities,
    {cause} as cause
  from {table} as m
  where m.global_position > $1 and m.global_position <= $2
  order by m.global_position
),
found as (
  select number, stream, position, id, identities from links where $3::jsonb ? cause
  union
  select links.number, links.stream, links.position, links.id, links.identities
  from found
  cross join lateral unnest(
    array['p' || found.stream || '@' || found.position, 'g' || found.number, 'i' || found.id] || found.identities
  ) as own(key)
  join links on links.cause = own.key
)
select message.*
from (select number from found where number <> all($5) order by number limit $4) as chosen
cross join lateral (
  select {traced} from {table} where global_position >= chosen.number order by global_position limit 1
) as message
