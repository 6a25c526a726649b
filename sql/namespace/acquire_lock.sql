-- Takes the category lock until the transaction ends. Writes to one category happen one after the other, so their
-- messages become visible in the order of their global positions.
create or replace function {schema}.acquire_lock(stream_name varchar) returns bigint
  language plpgsql volatile
as $$
declare
  _category varchar := {schema}.category(acquire_lock.stream_name);
  _lock bigint := {schema}.hash_64(_category);
begin
  perform pg_catalog.pg_advisory_xact_lock(_lock);
  if {debug_write} then
    raise notice '% acquire_lock', {mark};
    raise notice 'stream_name: %', acquire_lock.stream_name;
    raise notice '_category: %', _category;
    raise notice '_category_name_hash: %', _lock;
  end if;
  return _lock;
end
$$;
