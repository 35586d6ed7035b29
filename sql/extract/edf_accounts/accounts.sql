-- Accounts with their billing address and their place in collections.

SELECT
    account.account_number AS external_identifier,
    account.unknown_occupier,
    account.billing_name,
    address.line1 AS billing_address1,
    address.line2 AS billing_address2,
    address.line3 AS billing_address3,
    address.line4 AS billing_address4,
    address.line5 AS billing_address5,
    address.postcode AS billing_postcode,
    account.account_class,
    account.sales_channel,
    account.sales_subchannel,
    CAST(account.balance AS text) AS balance,
    account.last_billed_to AS last_billed_to_date,
    account.payment_reviewed_on AS last_payment_review_date,
    account.next_bill_due_on AS next_bill_due_date,
    account.read_frequency AS smart_read_frequency,
    account.read_day AS smart_read_cycle_day,
    account.communication AS communication_preference,
    account.accessibility AS document_accessibility,
    dunning.path AS dunning_path,
    dunning.started_on AS dunning_start_date,
    own.statement_closed_on AS last_statement_closing_date,
    own.statement_issued_on AS last_statement_issue_date,
    CAST(own.statement_balance AS text) AS last_statement_balance
FROM legacy.account
JOIN legacy.address ON address.address_id = account.billing_address_id
LEFT JOIN legacy.dunning ON dunning.account_id = account.account_id
LEFT JOIN legacy.ledger AS own ON own.account_id = account.account_id AND own.kind = 'ACCT'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number
