-- Accounts with their billing address, if they have one.

SELECT
    account.account_number AS external_identifier,
    address.line1 AS street_address,
    address.locality,
    address.state AS administrative_area,
    address.postcode AS postal_code,
    address.country
FROM legacy.account
LEFT JOIN legacy.address ON address.address_id = account.billing_address_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number
