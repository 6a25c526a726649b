-- Grants a role the privileges that Message DB's installation grants to its role message_store: reading and writing,
-- through the functions and the table. The role may also read the version tables, which an EventoDB server needs.
grant usage on schema {schema} to {role};
grant select on all tables in schema {schema} to {role};
grant insert on {schema}.messages to {role};
grant usage, select on all sequences in schema {schema} to {role};
grant execute on all functions in schema {schema} to {role};
