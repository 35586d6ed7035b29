-- What reached the legacy system after customers were read from it: kind, how many, the first and the last.
-- No values. :identifiers and :since (timestamptz) are parallel arrays; a kind without a change has no row.

WITH customer AS (
    SELECT given.external_identifier, given.since, account.account_id, account.last_billed_to
    FROM unnest(CAST(:identifiers AS text[]), CAST(:since AS timestamptz[]))
        AS given (external_identifier, since)
    JOIN legacy.account ON account.account_number = given.external_identifier AND account.market = 'GB'
), change AS (
    SELECT
        customer.external_identifier,
        CASE entry.kind WHEN '20' THEN 'payment' ELSE 'booking' END AS kind,
        entry.recorded_at
    FROM customer
    JOIN legacy.ledger ON ledger.account_id = customer.account_id
    JOIN legacy.ledger_transaction AS entry
        ON entry.ledger_id = ledger.ledger_id AND entry.recorded_at > customer.since
    UNION ALL
    SELECT customer.external_identifier, 'reading', reading.recorded_at
    FROM customer
    JOIN legacy.occupancy ON occupancy.account_id = customer.account_id
    JOIN legacy.supply
        ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= customer.last_billed_to
    JOIN legacy.meter ON meter.supply_point_id = supply.supply_point_id
    JOIN legacy.reading
        ON reading.meter_id = meter.meter_id
        AND reading.recorded_at > customer.since
        AND (reading.read_on BETWEEN supply.starts_on AND supply.ends_on OR reading.read_on !~ '^[1-9][0-9]{7}$')
    UNION ALL
    SELECT customer.external_identifier, 'contact', contact.recorded_at
    FROM customer
    JOIN legacy.account_role
        ON account_role.account_id = customer.account_id
        AND account_role.role = 'HLD'
        AND account_role.valid_to = '99991231'
    JOIN legacy.party_contact AS contact
        ON contact.party_id = account_role.party_id AND contact.recorded_at > customer.since
)
SELECT external_identifier, kind, count(*) AS changes, min(recorded_at) AS first_at, max(recorded_at) AS last_at
FROM change
GROUP BY external_identifier, kind
ORDER BY external_identifier, kind
