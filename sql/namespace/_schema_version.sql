-- On start, an EventoDB server upgrades every namespace in the registry to its own latest version, with SQL that does
-- not fit this schema. With the highest possible version, it finds nothing to upgrade.
create table if not exists {schema}._schema_version (
  version integer primary key,
  applied_at timestamp default now()
);

insert into {schema}._schema_version (version) values (2147483647) on conflict do nothing;
