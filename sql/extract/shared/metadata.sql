-- Whatever had no column.

SELECT
    account.account_number AS external_identifier,
    attribute.attribute_id AS metadata_key,
    attribute.name AS key,
    attribute.value
FROM legacy.account
JOIN legacy.account_attribute AS attribute ON attribute.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, attribute.attribute_id
