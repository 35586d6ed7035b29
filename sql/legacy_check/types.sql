-- The names and categories of types, by their numbers.

SELECT type.oid, CAST(type.typname AS text) AS name, CAST(type.typcategory AS text) AS category
FROM pg_catalog.pg_type AS type
WHERE type.oid = ANY (CAST(:oids AS oid[]))
ORDER BY type.oid
