-- What Message DB's own installation gives to its role: to read and to write, by the functions and the table. The versions are
-- tables too, and who uses the namespace may know them (an EventoDB server must).
grant usage on schema {schema} to {role};
grant select on all tables in schema {schema} to {role};
grant insert on {schema}.messages to {role};
grant usage, select on all sequences in schema {schema} to {role};
grant execute on all functions in schema {schema} to {role};
