-- What an EventoDB server on the same database asks at its start: it brings every namespace of the registry up to its own
-- last version, by files that do not fit here. The highest version that the column holds says that nothing is missing.
create table if not exists {schema}._schema_version (
  version integer primary key,
  applied_at timestamp default now()
);

insert into {schema}._schema_version (version) values (2147483647) on conflict do nothing;
