-- Describes one table messages as JSON, in a setting that ends with the transaction. The setting is empty if there is
-- no such table.
--
-- {table}: the quoted name of the table in hex. {shape}: shape.sql.
--
-- Runs in a transaction whose search path finds only built-in functions.
-- Served by: the catalog.

-- Otherwise PL/pgSQL parses every statement of the block before the first one runs, and most are not needed.
set local check_function_bodies = off;
do $look$
declare
  _found record;
  _shape json;
begin
  select c.oid, c.relkind, c.relispartition, c.relhassubclass, c.relhastriggers, c.relhasrules, c.relnamespace as namespace into _found
  from pg_class c
  where c.oid = to_regclass(convert_from(decode('{table}', 'hex'), 'UTF8'));
  if found then
{shape}
  end if;
  perform set_config('streamscope.shape', coalesce(_shape::text, ''), true);
end
$look$
