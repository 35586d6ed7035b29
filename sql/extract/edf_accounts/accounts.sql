-- Accounts with their billing address, their business and their place in collections. An address in Britain is
-- sent in lines, any other in parts; an unknown occupier may have none.

SELECT
    account.account_number AS external_identifier,
    account.unknown_occupier,
    account.billing_name,
    account.billing_email,
    CASE WHEN address.country = 'GB' THEN address.line1 END AS billing_address1,
    CASE WHEN address.country = 'GB' THEN address.line2 END AS billing_address2,
    CASE WHEN address.country = 'GB' THEN address.line3 END AS billing_address3,
    CASE WHEN address.country = 'GB' THEN address.line4 END AS billing_address4,
    CASE WHEN address.country = 'GB' THEN address.line5 END AS billing_address5,
    CASE WHEN address.country = 'GB' THEN address.postcode END AS billing_postcode,
    CASE WHEN address.country <> 'GB' THEN address.country END AS foreign_country,
    CASE WHEN address.country <> 'GB' THEN concat_ws(
        ', ', nullif(btrim(address.line1), ''), nullif(btrim(address.line2), ''), nullif(btrim(address.line3), ''),
        nullif(btrim(address.line4), ''), nullif(btrim(address.line5), '')
    ) END AS foreign_street_address,
    CASE WHEN address.country <> 'GB' THEN address.locality END AS foreign_locality,
    CASE WHEN address.country <> 'GB' THEN address.state END AS foreign_administrative_area,
    CASE WHEN address.country <> 'GB' THEN address.postcode END AS foreign_postal_code,
    account.account_class,
    business.kind AS business_type,
    business.company_name,
    business.company_number,
    business.segment AS segment_name,
    business.billing_period,
    business.billing_day,
    account.sales_channel,
    account.sales_subchannel,
    account.affiliate AS affiliate_subdomain,
    account.operations_team,
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
LEFT JOIN legacy.address ON address.address_id = account.billing_address_id
LEFT JOIN legacy.business ON business.account_id = account.account_id
LEFT JOIN legacy.dunning ON dunning.account_id = account.account_id
LEFT JOIN legacy.ledger AS own ON own.account_id = account.account_id AND own.kind = 'ACCT'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number
