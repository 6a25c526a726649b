-- Part of queries that read bodies as jsonb, on servers before PostgreSQL 16, which cannot check a text without an
-- error: whether a text can be cast to jsonb. A body with plain values on one level is recognised at once. In any
-- other, strings become "" and other values 0, and the innermost arrays and objects become 0 until nothing changes. If
-- the text is JSON, exactly one value is left. jsonb has neither \u0000 nor lone surrogates, and its numbers have no
-- exponents of more than four digits.
--
-- {body}: the text
(case
  when {body} ~ E'^\\{"[^"\\\\\\u0001-\\u001f]*": ?(?:"[^"\\\\\\u0001-\\u001f]*"|[1-9][0-9]{0,17}|0|true|false|null)(?:, ?"[^"\\\\\\u0001-\\u001f]*": ?(?:"[^"\\\\\\u0001-\\u001f]*"|[1-9][0-9]{0,17}|0|true|false|null))*\\}$'
    then true
  else (
    with recursive reduced (value) as (
      select regexp_replace(
        regexp_replace(
          regexp_replace(
            {body},
            E'"(?:[^"\\\\\\u0001-\\u001f]|\\\\["\\\\/bfnrt]|\\\\u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}|\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})*"',
            '""', 'g'
          ),
          '-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?0*[0-9]{1,4})?(?![0-9])|true|false|null', '0', 'g'
        ),
        E'[ \\t\\n\\r]+', '', 'g'
      )
      union
      select regexp_replace(
        r.value,
        E'\\[(?:(?:0|"")(?:,(?:0|""))*)?\\]|\\{(?:"":(?:0|"")(?:,"":(?:0|""))*)?\\}', '0', 'g'
      )
      from reduced r
    )
    select coalesce(bool_or(r.value in ('0', '""')), false) from reduced r
  )
end)
