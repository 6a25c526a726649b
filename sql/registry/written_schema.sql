-- Part of list.sql and former_name.sql: the schema name in the body of write_message, still escaped. It differs from the schema's own name
-- after the schema was renamed.
--
-- {namespace}: the OID of the schema
-- Served by: the catalog.
(
  select substring(p.prosrc from '"(([^"]|"")+)"[.]acquire_lock[(]')
  from pg_proc p
  where p.pronamespace = {namespace} and p.proname = 'write_message'
  limit 1
)
