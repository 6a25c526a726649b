-- Runs a query of the configuration file, and returns each of its rows as JSON, whatever their types are. It runs in a
-- read-only transaction with a time limit.
--
-- Served by: whatever the user's query reads.
select to_jsonb(found)::text
from (
{query}
) as found
limit 10000
