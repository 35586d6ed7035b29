-- What the database says of relations that SQL reads: whether they are there, what this role may do with them
-- and how large they are. :schemas and :names are parallel arrays; a blank schema is looked for as SQL does.

SELECT
    wanted.schema_name AS wanted_schema,
    wanted.table_name,
    found.oid,
    found.schema_name,
    found.kind,
    found.may_use,
    found.may_select,
    found.may_write,
    found.estimated_rows,
    found.bytes
FROM unnest(CAST(:schemas AS text[]), CAST(:names AS text[])) AS wanted (schema_name, table_name)
LEFT JOIN LATERAL (
    SELECT
        relation.oid,
        CAST(namespace.nspname AS text) AS schema_name,
        CAST(relation.relkind AS text) AS kind,
        has_schema_privilege(namespace.oid, 'USAGE') AS may_use,
        has_any_column_privilege(relation.oid, 'SELECT') AS may_select,
        has_table_privilege(relation.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS may_write,
        CAST(relation.reltuples AS bigint) AS estimated_rows,
        pg_relation_size(relation.oid) AS bytes
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    WHERE relation.relname = wanted.table_name
        AND relation.relkind = ANY (CAST('{r,v,m,f,p}' AS "char"[]))
        AND (
            namespace.nspname = wanted.schema_name
            OR (wanted.schema_name = '' AND pg_table_is_visible(relation.oid))
        )
) AS found ON true
ORDER BY wanted.schema_name, wanted.table_name
