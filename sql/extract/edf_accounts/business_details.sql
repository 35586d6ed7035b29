-- What is known of businesses beyond their names and numbers.

SELECT
    account.account_number AS external_identifier,
    detail.business_detail_id AS business_detail_key,
    detail.name AS key,
    detail.value
FROM legacy.account
JOIN legacy.business_detail AS detail ON detail.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, detail.business_detail_id
