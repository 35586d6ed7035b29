-- Regular payments.

SELECT
    account.account_number AS external_identifier,
    schedule.schedule_id AS schedule_key,
    CAST(schedule.amount AS text) AS amount,
    schedule.day_of_month,
    schedule.frequency,
    schedule.means,
    schedule.starts_on AS start_date,
    schedule.debt_plan AS is_debt_repayment_plan,
    CAST(schedule.debt_element AS text) AS debt_repayment_element,
    schedule.debt_plan_ends_on AS debt_repayment_end_date
FROM legacy.account
JOIN legacy.payment_schedule AS schedule ON schedule.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, schedule.schedule_id
