-- Lists the expression indexes of a table that can serve an equality: the first expression, as the server prints it,
-- and the predicate of a partial index. Other collations and operator classes than the default ones might not serve it.
--
-- $1 table
-- Served by: the catalog.
select index.relname::text, pg_get_indexdef(i.indexrelid, 1, false), pg_get_expr(i.indpred, i.indrelid)
from pg_index as i
join pg_class as index on index.oid = i.indexrelid
join pg_am as method on method.oid = index.relam
join pg_opclass as class on class.oid = i.indclass[0]
where i.indrelid = $1::regclass::oid
  and i.indkey[0] = 0
  and i.indisvalid
  and i.indisready
  and method.amname in ('btree', 'hash')
  and class.opcdefault
  and i.indcollation[0] in (0, 100)
order by index.relname
