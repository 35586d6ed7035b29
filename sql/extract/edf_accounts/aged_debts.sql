-- Parts of these debts.

SELECT
    account.account_number AS external_identifier,
    debt.debt_id AS debt_key,
    item.debt_item_id AS aged_debt_key,
    CAST(item.amount AS text) AS debt_amount,
    item.due_on AS due_date
FROM legacy.account
JOIN legacy.debt ON debt.account_id = account.account_id
JOIN legacy.debt_item AS item ON item.debt_id = debt.debt_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, debt.debt_id, item.due_on
