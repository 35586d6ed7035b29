-- Debts placed with an agency.

SELECT
    account.account_number AS external_identifier,
    debt.debt_id AS debt_key,
    debt.agency AS agency_name,
    debt.placed_on AS start_date,
    debt.insolvent AS is_insolvent
FROM legacy.account
JOIN legacy.debt ON debt.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, debt.debt_id
