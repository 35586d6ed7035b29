-- Accounts with the team that looks after them.

SELECT
    account.account_number AS external_identifier,
    account.account_class,
    account.operations_team
FROM legacy.account
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number
