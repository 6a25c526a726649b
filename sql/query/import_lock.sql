-- Takes the locks of categories with the namespace's own function, in the order of their hashes, so that two imports of
-- the same categories cannot deadlock. The subquery is a fence (offset 0) that keeps this order.
--
-- $1 categories
select {acquire_lock}(sorted.name::varchar)
from (
  select name from unnest($1) as name order by {hash_64}(name::varchar), name offset 0
) as sorted
