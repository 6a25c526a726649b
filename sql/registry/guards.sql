-- Part of find.sql and consumer_tables.sql: settings for a transaction that reads tables which anyone may have created.
-- With the last one, servers that have it reject views and foreign tables, even if one replaces a table at this very
-- moment.
set local row_security = off;
set local constraint_exclusion = off;
set local lock_timeout = '3s';
select case when current_setting('restrict_nonsystem_relation_kind', true) is not null
  then set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', true) end;
