-- Which of the given customers there are.

SELECT account.account_number AS external_identifier
FROM legacy.account
WHERE account.market = 'PT' AND account.account_number = ANY (CAST(:identifiers AS text[]))
