-- Part of find.sql, former_name.sql and owners.sql: the schema name in the body of write_message, still escaped. It
-- differs from the schema's own name after the schema was renamed.
--
-- {body}: the body of write_message
substring({body} from '"(([^"]|"")+)"[.]acquire_lock[(]')
