-- Takes the locks of categories with the namespace's own function, in the order of their hashes: two importers with the same
-- categories then wait for one another and do not block one another. The subquery is a fence: the locks are taken as it gives
-- the names.
--
-- $1 categories
select {acquire_lock}(sorted.name::varchar)
from (
  select name from unnest($1) as name order by {hash_64}(name::varchar), name offset 0
) as sorted
