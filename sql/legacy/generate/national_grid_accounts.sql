-- US accounts number %(first)s to %(last)s from seed %(seed)s. Keys begin above those of other markets. One in
-- 25 is broken on purpose.

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT
    n,
    2000000000000 + n AS key,
    -- 8888888889 is the guide's.
    '88' || lpad(CAST(n + CASE WHEN n >= 88888889 THEN 1 ELSE 0 END AS text), 8, '0') AS account_number,
    CASE WHEN mod(n, 25) = 0 THEN mod(n / 25, 21) ELSE -1 END AS defect,
    generator.h(%(seed)s, n, 201) AS h1,
    generator.h(%(seed)s, n, 202) AS h2,
    generator.h(%(seed)s, n, 203) AS h3,
    mod(generator.h(%(seed)s, n, 204), 8) = 0 AS has_partner,
    mod(generator.h(%(seed)s, n, 205), 10) = 0 AS is_long,
    mod(generator.h(%(seed)s, n, 206), 9) = 0 AS is_solar,
    mod(generator.h(%(seed)s, n, 207), 20) = 0 AS has_garage,
    1 + mod(generator.h(%(seed)s, n, 208), 10) AS city,
    mod(n, 25) = 7 AS has_predecessor,
    mod(n, 25) = 14 OR mod(n, 100) = 7 AS has_successor,
    -- Kraken takes accounts of customers who have left: some with a successor, and the defect without one.
    mod(n, 25) = 14 OR mod(n, 100) = 7 OR (mod(n, 25) = 0 AND mod(n / 25, 21) = 10) AS is_closed,
    -- The bill goes to Canada, or to Ireland, where there are no states.
    CASE WHEN mod(n, 25) = 11 THEN 1 + mod(n / 25, 2) ELSE 0 END AS abroad,
    DATE '2012-01-01' + mod(generator.h(%(seed)s, n, 209), 4000) AS moved_in,
    DATE '2026-09-01' + mod(generator.h(%(seed)s, n, 210), 28) AS billed_to
FROM generate_series(CAST(%(first)s AS bigint), CAST(%(last)s AS bigint)) AS n;
ANALYZE made;

-- Money: each month is billed and paid; since the last bill a payment, and a last charge where the account is
-- closed. The amount with a comma needs more than a thousand.
CREATE TEMPORARY TABLE booking ON COMMIT DROP AS
SELECT
    2000000000000 + made.n * 32 + month * 2 + side AS transaction_id,
    made.key AS ledger_id,
    'N' || made.n || '-' || month * 2 + side AS document_number,
    generator.day(CASE
        WHEN month = 0 THEN made.billed_to + 20 - 15 * side
        ELSE made.billed_to - 30 * month + 20 - 25 * side
    END) AS posted_on,
    CASE
        WHEN side = 0 THEN -(5000 + mod(made.h1 + month * 977, 9000)) / 100.00
        WHEN made.defect = 0 AND month = 0 THEN 250000 / 100.00
        ELSE (5000 + mod(made.h2 + month * 761, 9000)) / 100.00
    END AS amount,
    CASE side WHEN 0 THEN '20' ELSE '10' END AS kind,
    'DIBT' AS reason,
    CAST(NULL AS text) AS payment_type,
    CASE WHEN month = 0 THEN ' ' ELSE 'X' END AS billed,
    CASE WHEN month > 0 THEN 2000000000000 + made.n * 16 + month END AS billing_document_id
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.is_long THEN 8 ELSE 2 END) AS month
CROSS JOIN generate_series(0, 1) AS side
WHERE month > 0 OR side = 0 OR made.defect = 0 OR made.is_closed
UNION ALL
-- Adjustments that were never on a bill.
SELECT
    2000000000000 + made.n * 32 + 31, made.key, 'N' || made.n || '-A', generator.day(made.billed_to - 40),
    -(500 + mod(made.h3, 2000)) / 100.00, '30', 'DIBT', NULL, 'X', NULL
FROM made
WHERE mod(made.h3, 6) = 0
UNION ALL
-- A payment that the bank returns, a credit given in error, and a charge with parts of a cent that is taken back.
SELECT
    2000000000000 + made.n * 32 + 28 + extra.place, made.key, 'N' || made.n || '-' || 28 + extra.place,
    generator.day(made.billed_to + extra.days), extra.amount, extra.kind, 'DIBT', NULL, ' ', NULL
FROM made
JOIN (VALUES
    (1, 0, 3, -40.00, '20'), (1, 1, 6, 40.00, '20'), (2, 0, 3, -15.00, '30'), (2, 1, 6, 15.00, '30'),
    (3, 0, 3, 21.0625, '10'), (3, 1, 6, -21.0625, '10')
) AS extra (number, place, days, amount, kind) ON extra.number = mod(made.h3, 30);

CREATE TEMPORARY TABLE owed ON COMMIT DROP AS
SELECT
    made.n,
    -- The defect: the balances miss the same cent, so that only the history does not add up.
    sum(booking.amount) FILTER (WHERE booking.billed = 'X')
        + CASE WHEN made.defect = 7 THEN 0.01 ELSE 0 END AS by_statement,
    sum(booking.amount) + CASE WHEN made.defect = 7 THEN 0.01 ELSE 0 END AS now
FROM made
JOIN booking ON booking.ledger_id = made.key
GROUP BY made.n, made.defect;
ANALYZE owed;

INSERT INTO generator.expected_outcome
SELECT 'national_grid_accounts', made.account_number, known.defect, known.state, known.code, known.path,
    known.warning
FROM made
JOIN (VALUES
    (0, 'comma in an amount', 'rejected', 'invalid_value', 'ledgers.ledger_balance', NULL),
    (1, 'tariff without a mapping', 'rejected', 'unknown_code',
        'supply_addresses.supply_points.agreements.tariff_code', NULL),
    (2, 'name read in the wrong encoding', 'processed', NULL, NULL, 'suspicious_encoding'),
    (3, 'accents apart from their letters, and blanks', 'processed', NULL, NULL, NULL),
    (4, 'open ends and zeros for dates', 'processed', NULL, NULL, NULL),
    (5, 'text in a telephone number', 'rejected', 'invalid_phone_number', 'customers.mobile', NULL),
    (6, 'two mobile numbers at once', 'processed', NULL, NULL, NULL),
    (7, 'history that misses a cent', 'processed', NULL, NULL, 'ledger_balance_mismatch'),
    (8, 'contracts that overlap', 'processed', NULL, NULL, 'gaps_or_overlaps_in_agreement_dates'),
    (9, 'ZIP code without its leading zero', 'processed', NULL, NULL, 'invalid_postcode'),
    (10, 'closed account with a balance', 'processed', NULL, NULL, NULL),
    (11, 'option of a contract that is gone', 'rejected', 'orphaned_child',
        'supply_addresses.supply_points.agreements.characteristics', NULL),
    (12, 'property without a supply point', 'processed', NULL, NULL, 'missing_child'),
    (13, 'tariff that no longer exists', 'errored', 'tariff_code_not_found', '', NULL),
    (14, 'meter that the meter shop does not know', 'processed', NULL, NULL, 'missing_value'),
    (15, 'date that does not exist', 'rejected', 'invalid_date',
        'supply_addresses.supply_points.supply_start_date', NULL),
    (16, 'load zone that the market gave up', 'invalid', 'standard_point_location_not_found',
        'supply_addresses.supply_points.supply_details.standard_point_location_code', NULL),
    (17, 'kind of building that the guide does not show', 'rejected', 'unknown_code',
        'supply_addresses.property_details.property_type_specific_details.premise_type', NULL),
    (18, 'operating company that the guide does not show', 'rejected', 'unknown_code',
        'supply_addresses.supply_points.operating_company', NULL),
    (19, 'status of a meter that the guide does not show', 'rejected', 'unknown_code',
        'supply_addresses.supply_points.meters.status', NULL),
    (20, 'register of what is fed in, which the guide does not show', 'rejected', 'unknown_code',
        'supply_addresses.supply_points.meters.registers.register_type', NULL)
) AS known (number, defect, state, code, path, warning) ON known.number = made.defect;

-- People.
CREATE TEMPORARY TABLE person ON COMMIT DROP AS
SELECT made.*, place, 2000000000000 + made.n * 2 + place AS party_id
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_partner THEN 1 ELSE 0 END) AS place;

INSERT INTO legacy.party (party_id, party_type, first_name, last_name, birth_date)
SELECT
    person.party_id,
    'PE',
    CASE person.defect
        WHEN 2 THEN 'JosÃ©'
        WHEN 3 THEN '  Jose' || U&'\0301' || ' '
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(person.h1 + place * 7, 31)]
    END,
    (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(person.h2, 29)]
        || CASE WHEN person.defect = 3 THEN '   ' ELSE '' END,
    CASE WHEN person.defect = 4 THEN '00000000'
        ELSE generator.day(DATE '1940-01-01' + mod(person.h3 + place * 999, 23000))
    END
FROM person;

INSERT INTO legacy.party_contact
SELECT
    2000000000000 + (person.n * 2 + place) * 8 + contact.number,
    person.party_id,
    contact.kind,
    contact.value,
    contact.valid_from,
    contact.valid_to
FROM person
CROSS JOIN LATERAL (
    SELECT (SELECT words FROM generator.vocabulary WHERE kind = 'us_area_code')[1 + mod(person.h1, 6)] AS area
) AS telephone
CROSS JOIN LATERAL (VALUES
    (0, 'EML', 'resident' || person.n || '.' || place || '@mail.example.com', '20180101', '99991231', true),
    (1, 'MOB',
        CASE WHEN person.defect = 5 AND place = 0 THEN '617-234-5678 evenings'
            WHEN mod(person.h2, 3) = 0 THEN area || '-' || 200 + mod(person.h1, 300) || '-'
                || lpad(CAST(mod(person.n * 2 + place, 10000) AS text), 4, '0')
            ELSE '+1' || area || 200 + mod(person.h1, 300)
                || lpad(CAST(mod(person.n * 2 + place, 10000) AS text), 4, '0')
        END, '20190101', '99991231', true),
    -- Older than the one above, although it was never ended.
    (2, 'MOB', 'see new number', '20120101', '99991231', person.defect = 6 AND place = 0),
    (3, 'TEL', area || 600 + mod(person.h2, 300) || lpad(CAST(mod(person.h3, 10000) AS text), 4, '0'),
        '20180101', '99991231', mod(person.h3, 5) < 3),
    (4, 'TEL', '+16172000000', '20120101', '20171231', true),
    (5, 'ALT', '+1' || area || 500 + mod(person.h3, 50) || lpad(CAST(mod(person.h2, 10000) AS text), 4, '0'),
        '20200101', '99991231', mod(person.h2, 5) = 0)
) AS contact (number, kind, value, valid_from, valid_to, is_there)
WHERE contact.is_there;

INSERT INTO legacy.party_preference
SELECT person.party_id, kind.preference, CASE WHEN mod(person.h3 / kind.number, 2) = 0 THEN 'X' ELSE 'N' END
FROM person
CROSS JOIN (VALUES (1, 'SMS'), (5, 'UPDT'), (11, 'OFFR')) AS kind (number, preference)
WHERE place = 0;

INSERT INTO legacy.party_detail
SELECT 2000000000000 + (person.n * 2 + place) * 8 + detail.number, person.party_id, detail.kind, detail.value
FROM person
CROSS JOIN LATERAL (VALUES
    (0, 'USERID', person.account_number, place = 0),
    (1, 'MIDDLE', chr(65 + mod(person.h1, 26)), mod(person.h2, 3) = 0),
    (2, 'SUFFIX', 'Jr', mod(person.h1, 40) = 0),
    (3, 'TAXID', lpad(CAST(mod(person.h1 + place, 100000000) AS text), 9, '0'), true),
    (4, 'DLNUM', 'S' || lpad(CAST(mod(person.h2 + place, 100000000) AS text), 8, '0'), mod(person.h3, 4) > 0),
    (5, 'DLSTATE', 'MA', mod(person.h3, 4) > 0),
    (6, 'EXPPIN', lpad(CAST(person.h3 AS text), 10, '0'), mod(person.h1, 4) = 0)
) AS detail (number, kind, value, is_there)
WHERE detail.is_there;

-- The address of the bill (0) and of the property (1).
INSERT INTO legacy.address (address_id, line1, locality, state, postcode, country)
SELECT
    2000000000000 + made.n * 2 + place,
    1 + mod(made.h1, 2200) || ' '
        || (SELECT words FROM generator.vocabulary WHERE kind = 'us_street')[1 + mod(made.h2, 12)],
    CASE WHEN is_abroad THEN (ARRAY['Toronto', 'Dublin'])[made.abroad]
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'us_city')[made.city]
    END,
    CASE WHEN is_abroad THEN (ARRAY['ON', NULL])[made.abroad] ELSE 'MA' END,
    CASE WHEN is_abroad THEN (ARRAY['M5H 1A1', NULL])[made.abroad]
        WHEN made.defect = 9 AND place = 1 THEN ltrim(zip, '0')
        WHEN mod(made.h3, 4) = 0 THEN zip || '-' || 1000 + mod(made.h1, 9000)
        ELSE zip
    END,
    CASE WHEN is_abroad THEN (ARRAY['CA', 'IE'])[made.abroad] ELSE 'US' END
FROM made
CROSS JOIN LATERAL (
    SELECT (SELECT words FROM generator.vocabulary WHERE kind = 'us_zip')[made.city] AS zip
) AS place_of
CROSS JOIN generate_series(0, 1) AS place
CROSS JOIN LATERAL (SELECT place = 0 AND made.abroad > 0 AS is_abroad) AS bill;

INSERT INTO legacy.account (
    account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
    sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on
)
SELECT
    made.key, made.account_number, 'US', 'GEN', 'RES', ' ', 2000000000000 + made.n * 2, 'DIR', owed.now,
    generator.day(made.billed_to), '00000000', '00000000'
FROM made
JOIN owed USING (n);

INSERT INTO legacy.account_role
SELECT person.key, person.party_id, 'HLD', place + 1, '99991231'
FROM person;

INSERT INTO legacy.premise SELECT made.key, 2000000000000 + made.n * 2 + 1 FROM made;
INSERT INTO legacy.premise_detail
SELECT
    made.key,
    'SITE-' || lpad(CAST(made.n AS text), 9, '0'),
    CASE WHEN mod(made.h1, 5) = 0 THEN 'Park behind the house' END,
    'PREM',
    CASE WHEN made.defect = 17 THEN 'MF' WHEN mod(made.h2, 4) > 0 THEN 'SF' END,
    CASE WHEN mod(made.h2, 7) = 0 THEN 'Ring the bell of the caretaker' END
FROM made;
INSERT INTO legacy.occupancy
SELECT 2000000000000 + made.n * 2 + slice.place, made.key, made.key, slice.moved_in, slice.moved_out, ' '
FROM made
CROSS JOIN LATERAL (VALUES
    (0, generator.day(made.moved_in),
        CASE WHEN made.is_closed THEN generator.day(made.billed_to + 5) ELSE '99991231' END),
    (1, '20050101', '20101231')
) AS slice (place, moved_in, moved_out)
WHERE slice.place = 0 OR mod(made.h1, 6) = 0;

-- Supply points: the house, and for some the garage.
CREATE TEMPORARY TABLE point ON COMMIT DROP AS
SELECT made.*, place, 2000000000000 + made.n * 2 + place AS point_id
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_garage THEN 1 ELSE 0 END) AS place
WHERE made.defect <> 12;

INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag,
    operating_company, load_zone, load_profile
)
SELECT
    point.point_id, point.key, 'US', 'GEN', '21' || lpad(CAST(point.n AS text), 9, '0') || place, 'E',
    ' ', ' ',
    CASE WHEN point.defect = 18 THEN 'NANT' ELSE 'MECO' END,
    CASE WHEN point.defect = 16 AND place = 0 THEN 'GONE'
        WHEN point.city IN (3, 4, 5, 6) THEN 'NEMASSBOST'
        ELSE 'SEMASS'
    END,
    'LP' || lpad(CAST(1 + mod(point.h1, 9) AS text), 3, '0')
FROM point;

INSERT INTO legacy.supply
SELECT
    2000000000000 + point.n * 2, point.point_id,
    CASE WHEN point.defect = 15 THEN '20230229' ELSE generator.day(point.moved_in) END,
    CASE WHEN point.is_closed THEN generator.day(point.billed_to + 5) ELSE '99991231' END,
    CASE WHEN point.defect = 4 THEN '99991231' ELSE generator.day(point.billed_to) END
FROM point;

INSERT INTO legacy.service_drop
SELECT
    point.point_id, point.point_id, 'SD-' || lpad(CAST(point.n AS text), 9, '0') || '-' || place,
    CASE WHEN mod(point.h2, 3) = 0 THEN 'U' END, '0 - 2.2 kv', CASE WHEN mod(point.h2, 5) = 0 THEN 'P' END
FROM point;

INSERT INTO legacy.contract
SELECT
    2000000000000 + (point.n * 2 + place) * 2 + slice.number,
    point.key,
    point.point_id,
    CASE WHEN slice.number = 0 THEN 'R1'
        WHEN point.defect = 1 AND place = 0 THEN 'PILOT-07'
        WHEN point.defect = 13 AND place = 0 THEN 'R1-1998'
        ELSE (ARRAY['R1', 'R2', 'R4', 'G1'])[1 + mod(point.h1, 4)]
    END,
    slice.starts_on,
    slice.ends_on
FROM point
CROSS JOIN LATERAL (VALUES
    (0, generator.day(point.moved_in),
        generator.day(point.billed_to - CASE WHEN point.defect = 8 AND place = 0 THEN 150 ELSE 201 END)),
    (1, generator.day(point.billed_to - 200),
        CASE WHEN point.is_closed THEN generator.day(point.billed_to + 5) ELSE '99991231' END)
) AS slice (number, starts_on, ends_on)
-- The defect: the old contract is purged, and its option below is not.
WHERE NOT (slice.number = 0 AND point.defect = 11 AND place = 0);

INSERT INTO legacy.contract_option
SELECT
    2000000000000 + (point.n * 2 + place) * 2 + slice,
    2000000000000 + (point.n * 2 + place) * 2 + slice,
    point.key,
    point.point_id,
    'MECO-R1-FixVar',
    CASE WHEN mod(point.h3, 3) = 0 THEN 'VARIABLE' ELSE 'FIXED' END
FROM point
CROSS JOIN generate_series(0, 1) AS slice
WHERE slice = 1 OR (point.defect = 11 AND place = 0);

-- Meters: one that was exchanged for some, and for the defect a second one for what solar panels feed in.
CREATE TEMPORARY TABLE metered ON COMMIT DROP AS
SELECT point.*, number, 2000000000000 + (point.n * 2 + place) * 4 + number AS meter_id
FROM point
CROSS JOIN generate_series(0, 2) AS number
WHERE number = 0 OR (number = 1 AND point.defect = 20) OR (number = 2 AND mod(point.h2, 6) = 0);

INSERT INTO legacy.meter
SELECT
    metered.meter_id, metered.point_id, 'W' || lpad(CAST(metered.n AS text), 9, '0') || place * 4 + number,
    CASE WHEN number = 2 THEN '20050101' ELSE generator.day(metered.moved_in) END,
    CASE WHEN number = 2 THEN generator.day(metered.moved_in) ELSE '99991231' END,
    5, NULL, NULL
FROM metered;

INSERT INTO legacy.meter_detail
SELECT
    metered.meter_id, CAST(metered.moved_in AS timestamp) AT TIME ZONE 'America/New_York',
    CASE WHEN metered.defect = 19 THEN 'OFF' ELSE 'ON' END, 'KWH', 240,
    (ARRAY[100, 200])[1 + mod(metered.h1, 2)], '1', 'AMI',
    (ARRAY['MODEL-X', 'FOCUS-AX', 'I-210'])[1 + mod(metered.h2, 3)],
    (ARRAY['Duncan-L&G', 'Landis+Gyr', 'General Electric'])[1 + mod(metered.h2, 3)],
    'AMI', CASE WHEN metered.is_solar THEN 'X' WHEN mod(metered.h2, 20) > 0 THEN 'N' ELSE ' ' END
FROM metered
WHERE NOT (metered.defect = 14 AND number = 0 AND place = 0);

INSERT INTO legacy.register (register_id, meter_id, code, digits, kind, multiplier)
SELECT
    metered.meter_id, metered.meter_id, '1', 5 + mod(metered.h3, 2),
    CASE WHEN number = 1 THEN 'KE' ELSE 'KI' END, CASE WHEN mod(metered.h1, 20) = 0 THEN 40 ELSE 1 END
FROM metered;

INSERT INTO legacy.ledger
SELECT
    made.key, made.key,
    CASE WHEN made.defect = 4 THEN '00000000' ELSE generator.day(made.billed_to) END,
    CASE WHEN made.defect = 4 THEN '00000000' ELSE generator.day(made.billed_to) END,
    owed.by_statement, owed.now, 'ENGY', 'IT',
    to_char(owed.now, CASE WHEN made.defect = 0 THEN 'FM9,999,990.00' ELSE 'FM9999990.00' END)
FROM made
JOIN owed USING (n);

INSERT INTO legacy.billing_document
SELECT
    2000000000000 + made.n * 16 + month, made.key, 'INV-' || made.n || '-' || month, 'IT',
    generator.day(made.billed_to - 30 * (month - 1))
FROM made
CROSS JOIN generate_series(1, CASE WHEN made.is_long THEN 8 ELSE 2 END) AS month;

INSERT INTO legacy.ledger_transaction SELECT * FROM booking;

INSERT INTO legacy.note
SELECT
    2000000000000 + made.n * 4 + place, made.key,
    CAST(made.billed_to - 100 * (place + 1) AS timestamp) AT TIME ZONE 'UTC' + interval '15 hours',
    (ARRAY['Asked for a copy of the last bill.', 'Dog in the yard: call before a visit.',
        'Reported an outage after the storm.'])[1 + mod(made.h1 + place, 3)],
    CASE WHEN place = 0 THEN 'X' END,
    CASE WHEN place = 0 THEN CAST(made.billed_to + 100 AS timestamp) AT TIME ZONE 'UTC' END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.is_long THEN 2 ELSE 0 END) AS place
WHERE made.is_long OR mod(made.h3, 4) = 0;
INSERT INTO legacy.document
SELECT 2000000000000 + made.n * 4, 2000000000000 + made.n * 4, 'notes/' || made.account_number || '/letter.pdf'
FROM made
WHERE made.is_long;

INSERT INTO legacy.account_attribute
SELECT made.key, made.key, 'reading_route', jsonb_build_object('route', 'R-' || mod(made.h2, 500))
FROM made
WHERE mod(made.h1, 3) = 0;

CREATE TEMPORARY TABLE changed_hands ON COMMIT DROP AS
SELECT
    'US' AS market, point.n, point.key AS account_id, point.key AS premise_id, point.point_id AS supply_point_id,
    2000000000000 + point.n * 2 AS address_id, 'R1' AS tariff, point.moved_in, point.billed_to + 5 AS left_on,
    point.has_predecessor, point.has_successor
FROM point
WHERE point.has_predecessor OR point.has_successor;
SELECT generator.add_neighbours();
