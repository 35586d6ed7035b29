-- Which of the given customers there are.

SELECT account.account_number AS external_identifier
FROM legacy.account
WHERE account.market = 'GB' AND account.account_number = ANY (CAST(:identifiers AS text[]))
