-- Creates the schema of a namespace, which must not exist yet.
create schema {schema};
