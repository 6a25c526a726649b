-- Takes the lock of a stream's category with the namespace's own function, until the transaction ends. Message DB's functions find
-- their helpers through the search path, which is set for the whole transaction: see write_foreign.sql.
--
-- $1 stream, $2 search path, null to leave it
select {acquire_lock}(case when path is not null then $1 end)
from pg_catalog.set_config('search_path', coalesce($2, pg_catalog.current_setting('search_path')), true) as path
