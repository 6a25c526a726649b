-- Part of shape.sql and plain.sql: whether an expression calls a built-in function that can run other code, such as
-- query_to_xml with a query, or to_json with a value whose type has a cast. Immutable functions, time functions and the
-- functions named here cannot.
--
-- {expression}: an expression of the catalog
(
  {expression}::text like '%{JSON%'
  or exists (
    select from regexp_matches({expression}::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') called (oid)
    join pg_proc f on f.oid = called.oid[1]::oid
    where f.oid < 16384 and case f.provolatile
      when 'i' then false
      when 's' then not (
        f.proargtypes::oid[] <@ '{timestamp,timestamptz,date,time,timetz,interval}'::regtype[]::oid[]
        or f.proname in ('current_setting', 'pg_has_role', 'extract', 'date_part', 'date_trunc')
      )
      else f.proname not in ('clock_timestamp', 'nextval')
    end
  )
)
