-- Regular payments, past ones too.

SELECT
    account.account_number AS external_identifier,
    schedule.schedule_id AS schedule_key,
    CAST(schedule.amount AS text) AS amount,
    schedule.day_of_month,
    schedule.frequency,
    schedule.means,
    schedule.starts_on AS start_date,
    schedule.ends_on AS end_date,
    schedule.debt_plan AS is_debt_repayment_plan,
    CAST(schedule.debt_element AS text) AS debt_repayment_element,
    schedule.debt_plan_ends_on AS debt_repayment_end_date,
    CAST(schedule.threshold AS text) AS balance_threshold,
    schedule.delay_kind AS delay_strategy,
    schedule.delay_days,
    schedule.review_exempt AS exempt_from_payment_adequacy,
    schedule.due_by AS trigger,
    schedule.ledger_kind AS ledger_code
FROM legacy.account
JOIN legacy.payment_schedule AS schedule ON schedule.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, schedule.schedule_id
