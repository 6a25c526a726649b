-- Takes the lock of a stream's category with the namespace's own function, until the transaction ends. Also sets the
-- search path for the whole transaction, because Message DB's functions find their helpers through it: see
-- write_foreign.sql.
--
-- $1 stream, $2 search path, or null to leave it unchanged
select {acquire_lock}(case when path is not null then $1 end)
from pg_catalog.set_config('search_path', coalesce($2, pg_catalog.current_setting('search_path')), true) as path
