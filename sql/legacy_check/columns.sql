-- The columns of these relations, with their types, and whether this role may read them.

SELECT
    attribute.attrelid AS oid,
    CAST(attribute.attname AS text) AS name,
    CAST(type.typname AS text) AS type,
    has_column_privilege(attribute.attrelid, attribute.attnum, 'SELECT') AS may_select
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
WHERE attribute.attrelid = ANY (CAST(:oids AS oid[])) AND NOT attribute.attisdropped
ORDER BY attribute.attrelid, attribute.attnum
