-- The versions of this SQL that were installed. The highest one counts: see NAMESPACE_VERSION in src/store/schema.rs.
create table if not exists {schema}._streamscope_version (
  version integer primary key,
  applied_at timestamptz not null default now()
);

insert into {schema}._streamscope_version (version) values ({version}) on conflict do nothing;
