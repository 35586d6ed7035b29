-- Bills that were sent, the oldest first.

SELECT
    account.account_number AS external_identifier,
    statement.statement_id AS statement_key,
    statement.period_from AS bill_period_from_date,
    statement.period_to AS bill_period_to_date,
    statement.path AS statement_path,
    statement.number AS statement_id
FROM legacy.account
JOIN legacy.statement ON statement.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, statement.period_from, statement.statement_id
