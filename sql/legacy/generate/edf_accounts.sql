-- GB accounts number %(first)s to %(last)s from seed %(seed)s. One in 25 is broken on purpose.
--
-- What is rare has one customer in fifty each, by `rare`: 21 an unknown occupier, 22 a death, 23 a sale by an
-- affiliate, 24 further email addresses, 28 five names, 29 bills abroad, 34 a vacant property, 35 a name in other
-- letters or with an emoji, 37 never billed, 42 and 45 collections, 44 a campaign, 49 an administrator.

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT
    n,
    'GB-' || lpad(CAST(n AS text), 9, '0') AS account_number,
    house.home,
    CASE WHEN mod(n, 25) = 0 THEN mod(n / 25, 25) ELSE -1 END AS defect,
    supplied.kind,
    mod(n, 5000) = 311 AS has_many_meters,
    generator.h(%(seed)s, n, 1) AS h1,
    generator.h(%(seed)s, n, 2) AS h2,
    generator.h(%(seed)s, n, 3) AS h3,
    -- A gap in the annual quantities needs gas.
    mod(generator.h(%(seed)s, house.home, 4), 10) < 7
        OR supplied.kind IN ('two days', 'gas lost')
        OR (mod(n, 25) = 0 AND mod(n / 25, 25) = 21) AS has_gas,
    mod(generator.h(%(seed)s, n, 5), 12) = 0
        AND supplied.kind NOT IN ('gas lost', 'unmetered', 'mover', 'tenant') AS is_prepay,
    mod(generator.h(%(seed)s, house.home, 6), 5) = 0
        AND supplied.kind NOT IN ('unmetered', 'half-hourly') AS is_two_rate,
    mod(generator.h(%(seed)s, n, 7), 8) = 0 AS has_partner,
    mod(generator.h(%(seed)s, n, 8), 10) = 0 AND supplied.kind NOT IN ('exchanged', 'tenant') AS is_long,
    mod(generator.h(%(seed)s, n, 9), 15) = 0 AND mod(n, 50) NOT IN (21, 34) AS is_business,
    -- What is unusual about the money: each number has a case, below. Who came lately, or was billed never, has none.
    CASE WHEN mod(n, 50) IN (37, 48) THEN 99 ELSE mod(generator.h(%(seed)s, n, 12), 100) END AS money,
    mod(n, 25) = 7 AS has_predecessor,
    mod(n, 25) = 14 OR mod(n, 100) = 7 AS has_successor,
    CASE WHEN supplied.kind = 'tenant' THEN house.billed_to + 1
        ELSE DATE '2012-01-01' + mod(generator.h(%(seed)s, n, 10), 4000)
    END AS moved_in,
    house.billed_to + CASE WHEN supplied.kind = 'tenant' THEN 31 ELSE 0 END AS billed_to,
    house.billed_to
        + CASE supplied.kind WHEN 'tenant' THEN 31 WHEN 'two days' THEN -12 ELSE 0 END AS gas_billed_to,
    mod(n, 50) AS rare
FROM generate_series(CAST(%(first)s AS bigint), CAST(%(last)s AS bigint)) AS n
-- Two in a hundred of each kind.
CROSS JOIN LATERAL (
    SELECT
        CASE mod(n, 50)
            WHEN 31 THEN 'two days'
            WHEN 33 THEN 'gas lost'
            WHEN 36 THEN 'exchanged'
            WHEN 38 THEN 'export'
            WHEN 41 THEN 'deenergised'
            WHEN 43 THEN 'unmetered'
            WHEN 46 THEN 'half-hourly'
            WHEN 47 THEN 'mover'
            WHEN 48 THEN 'tenant'
            ELSE 'usual'
        END AS kind,
        -- A new tenant lives where the customer before has just moved out, and has the same meters.
        CASE mod(n, 50) WHEN 48 THEN n - 1 ELSE n END AS home
) AS supplied
CROSS JOIN LATERAL (
    SELECT supplied.home, DATE '2026-09-01' + mod(generator.h(%(seed)s, supplied.home, 11), 28) AS billed_to
) AS house;
ANALYZE made;

-- Money: each billed month is charged and paid; then a payment and a charge since the last statement. What is
-- unusual comes on top: charges, credits, payments and repayments that are taken back, a charge with parts of a
-- penny, a second ledger, and vends, which no balance has.
CREATE TEMPORARY TABLE booking ON COMMIT DROP AS
SELECT
    made.n * 64 + month * 2 + side AS transaction_id,
    made.n AS ledger_id,
    'T' || made.n || '-' || month * 2 + side AS document_number,
    generator.day(made.billed_to - 30 * month + 20 - 25 * side) AS posted_on,
    CASE side
        WHEN 0 THEN -(5000 + mod(made.h1 + month * 977, 9000)) / 100.00
        ELSE (5000 + mod(made.h2 + month * 761, 9000)) / 100.00
    END AS amount,
    CASE side WHEN 0 THEN '20' ELSE '10' END AS kind,
    CASE side WHEN 0 THEN 'ACP' ELSE 'ACC' END AS reason,
    CAST(NULL AS text) AS payment_type,
    CASE WHEN month = 0 THEN ' ' ELSE 'X' END AS billed,
    CAST(NULL AS text) AS prepay_serial
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.rare = 37 THEN 0 WHEN made.is_long THEN 8 ELSE 1 END) AS month
CROSS JOIN generate_series(0, 1) AS side
-- Nothing is booked before the last statement closes but what is on it.
WHERE month > 0 OR side = 0
UNION ALL
SELECT
    made.n * 64 + 20 + extra.place, made.n, 'T' || made.n || '-' || 20 + extra.place,
    generator.day(made.billed_to + extra.days), extra.amount, extra.kind, extra.reason, extra.payment_type,
    CASE WHEN extra.days < 0 THEN 'X' ELSE ' ' END, NULL
FROM made
JOIN (VALUES
    -- A charge that is taken back, and made again.
    (0, 3, 0, -9, 61.20, '10', 'ACC', NULL), (0, 3, 1, -8, -61.20, '10', 'ACC', NULL),
    (0, 3, 2, -7, 58.10, '10', 'ACC', NULL),
    -- A direct debit that the bank returns, and one whose return says no reason.
    (4, 7, 0, 20, -45.00, '20', 'ACP', 'DD_REGULAR_COLLECTION'), (4, 7, 1, 22, 45.00, '20', 'RTN', NULL),
    (8, 9, 0, -9, -30.00, '20', 'ACP', 'CHEQUE'), (8, 9, 1, -6, 30.00, '20', 'ACP', 'CHEQUE'),
    -- A credit given in error.
    (10, 12, 0, -9, -10.00, '30', 'DDD', NULL), (10, 12, 1, 3, 10.00, '30', 'DDD', NULL),
    -- A refund that never arrived.
    (13, 14, 0, 2, 20.00, '40', 'FCR', NULL), (13, 14, 1, 9, -20.00, '40', 'FCR', NULL),
    (15, 18, 0, -9, 23.4375, '10', 'ACC', NULL)
) AS extra (first, last, place, days, amount, kind, reason, payment_type)
    ON made.money BETWEEN extra.first AND extra.last
UNION ALL
SELECT
    made.n * 64 + 30 + other.place, 100000000000 + made.n, 'T' || made.n || '-' || 30 + other.place,
    generator.day(made.billed_to + other.days), other.amount, other.kind, other.reason, NULL,
    CASE WHEN other.days < 0 THEN 'X' ELSE ' ' END, NULL
FROM made
CROSS JOIN (VALUES
    (0, -25, 150.00, '10', 'ACC'), (1, -12, -12.50, '20', 'ACP'), (2, 18, -12.50, '20', 'ACP')
) AS other (place, days, amount, kind, reason)
WHERE made.money BETWEEN 20 AND 23
UNION ALL
SELECT
    made.n * 64 + 40 + vend.place, made.n, 'T' || made.n || '-' || 40 + vend.place,
    generator.day(made.billed_to + vend.days), -15.00, '20', 'ACP', 'PAYPOINT_CASH',
    CASE WHEN made.rare = 37 THEN ' ' ELSE vend.billed END, 'E' || lpad(CAST(made.n AS text), 9, '0')
FROM made
-- The second one is not billed yet, though the statement has closed since.
CROSS JOIN (VALUES (0, -31, 'X'), (1, -3, ' ')) AS vend (place, days, billed)
WHERE made.is_prepay AND mod(made.h1, 3) > 0;

-- Without indexes each customer would be looked for among the rows of all others.
CREATE INDEX ON booking (ledger_id);
ANALYZE booking;

CREATE TEMPORARY TABLE owed ON COMMIT DROP AS
SELECT
    made.n,
    booking.ledger_id,
    -- The defect: both balances miss the same cent, so that only the history does not add up.
    coalesce(sum(booking.amount) FILTER (WHERE booking.billed = 'X'), 0)
        + CASE WHEN made.defect = 3 AND booking.ledger_id = made.n THEN 0.01 ELSE 0 END AS by_statement,
    sum(booking.amount) + CASE WHEN made.defect = 3 AND booking.ledger_id = made.n THEN 0.01 ELSE 0 END AS now
FROM made
JOIN booking ON booking.ledger_id IN (made.n, 100000000000 + made.n) AND booking.prepay_serial IS NULL
GROUP BY made.n, made.defect, booking.ledger_id;
CREATE INDEX ON owed (n);
ANALYZE owed;

INSERT INTO generator.expected_outcome
SELECT 'edf_accounts', made.account_number, known.defect, known.state, known.code,
    -- Bookings of the account itself are not those of a ledger in it.
    CASE WHEN made.defect = 3 AND made.money BETWEEN 40 AND 42
        THEN replace(known.path, 'ledgers.', '') ELSE known.path END,
    known.warning
FROM made
JOIN (VALUES
    (0, 'wrong check digit of an MPAN', 'rejected', 'invalid_supply_point_identifier',
        'supply_addresses.meter_points.identifier', NULL),
    (1, 'text in a telephone number', 'rejected', 'invalid_phone_number', 'customers.landline', NULL),
    (2, 'email address that Kraken refuses', 'rejected', 'possible_test_email_address', 'customers.email', NULL),
    (3, 'history that misses a cent', 'rejected', 'historical_statement_transactions_balance_mismatch',
        'ledgers.historical_statement_transactions', NULL),
    (4, 'erroneous transfer under way', 'rejected', 'erroneous_transfer_not_in_progress',
        'supply_addresses.meter_points.et_in_progress', NULL),
    (5, 'unknown account class', 'rejected', 'unknown_code', 'account_type', NULL),
    (6, 'date that does not exist', 'rejected', 'invalid_date', 'last_billed_to_date', NULL),
    (7, 'account without a holder', 'rejected', 'missing_child', 'customers', NULL),
    (8, 'no start of supply', 'rejected', 'missing_value',
        'supply_addresses.meter_points.supply_start_date', NULL),
    (9, 'tariff that no longer exists', 'errored', 'tariff_code_not_found', '', NULL),
    (10, 'negative reading', 'processed', NULL, NULL, 'negative_reading'),
    (11, 'untidy but whole', 'processed', NULL, NULL, NULL),
    (12, 'market participant that no longer exists', 'invalid', 'market_participant_not_found',
        'supply_addresses.meter_points.mpid', NULL),
    (13, 'overlapping contracts', 'rejected', 'gaps_or_overlaps_in_agreement_dates',
        'supply_addresses.meter_points.agreements', NULL),
    (14, 'register that rolled over', 'processed', NULL, NULL, 'reading_below_previous'),
    (15, 'two telephone numbers at once', 'processed', NULL, NULL, NULL),
    (16, 'reading of a register that no longer exists', 'rejected', 'historical_reading_register_id_not_recognised',
        'supply_addresses.meter_points.meters.reading_history.register_id', NULL),
    (17, 'administrator who no longer exists', 'rejected', 'missing_value',
        'supply_addresses.property_administrators', NULL),
    (18, 'reading of the day 00000000', 'rejected', 'missing_value',
        'supply_addresses.meter_points.meters.reading_history.reading_date', NULL),
    (19, 'name in two encodings', 'processed', NULL, NULL, 'suspicious_encoding'),
    (20, 'closed account with a balance', 'rejected', 'no_supply_point_on_supply', 'supply_addresses', NULL),
    (21, 'gap between annual quantities', 'rejected', 'gaps_or_overlaps_in_aq_history',
        'supply_addresses.meter_points.aq_history', NULL),
    (22, 'transfer reading of another day', 'rejected', 'transfer_reading_dates_must_match_last_billed_to_date',
        'supply_addresses.meter_points.meters.transfer_readings.reading_date', NULL),
    (23, 'collections that have begun', 'processed', NULL, NULL, 'date_in_past'),
    (24, 'supply that is about to end', 'rejected', 'loss_in_progress',
        'supply_addresses.meter_points.supply_end_date', NULL)
) AS known (number, defect, state, code, path, warning) ON known.number = made.defect;

-- People. Where an account has no holder, the role below has ended.
INSERT INTO legacy.party
SELECT
    made.n * 2 + person,
    'PE',
    CASE WHEN mod(made.h1 + person, 2) = 0 THEN 'Ms' ELSE 'Mr' END,
    -- The untidy ones have accents as combining characters, and blanks around the name.
    CASE
        WHEN made.defect = 11 THEN '  Zoe' || U&'\0308' || ' '
        WHEN made.rare = 28 THEN 'Maria José Ana Beatriz Leonor'
        WHEN made.rare = 35 THEN (ARRAY['مريم', 'Zoe 🌻'])[1 + mod(made.n / 50, 2)]
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(made.h1 + person * 7, 31)]
    END,
    CASE
        WHEN made.defect = 19 THEN 'MÃ¼ller'
        WHEN made.rare = 28 THEN 'da Conceição O''Shea dos Santos'
        WHEN made.rare = 35 AND mod(made.n / 50, 2) = 0 THEN 'عبد الله'
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(made.h2, 29)]
    END,
    NULL,
    CASE WHEN made.defect = 11 THEN '   ' ELSE 'Hi' END,
    generator.day(DATE '1940-01-01' + mod(made.h3 + person * 999, 23000)),
    CASE WHEN made.rare = 22 AND person = 0 THEN (ARRAY['R', 'C'])[1 + mod(made.n / 50, 2)] END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_partner THEN 1 ELSE 0 END) AS person;

INSERT INTO legacy.party_contact
SELECT
    (made.n * 2 + person) * 4 + contact.place,
    made.n * 2 + person,
    contact.kind,
    contact.value,
    contact.valid_from,
    contact.valid_to
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_partner THEN 1 ELSE 0 END) AS person
CROSS JOIN LATERAL (VALUES
    (0, 'EML', CASE WHEN made.defect = 2 AND person = 0 THEN 'test@mail.example.com'
        ELSE 'customer' || made.n || '.' || person || '@mail.example.com' END, generator.day(made.moved_in), '99991231'),
    (1, 'MOB', '07' || (400 + mod(made.h1, 99)) || lpad(CAST(mod(made.n * 2 + person, 1000000) AS text), 6, '0'),
        generator.day(made.moved_in), '99991231'),
    (2, 'TEL', CASE WHEN made.defect = 1 AND person = 0 THEN '020 ring after six'
        ELSE '0207' || lpad(CAST(2000000 + mod(made.h2, 7000000) AS text), 7, '0') END,
        generator.day(made.moved_in), '99991231'),
    (3, 'TEL', '02070000000', '20050101', CASE WHEN made.defect = 15 THEN '99991231' ELSE '20111231' END)
) AS contact (place, kind, value, valid_from, valid_to);

-- What is out of the row of numbers above has keys from 700000000000 on.
INSERT INTO legacy.party_contact
SELECT
    700000000000 + made.n * 2 + place, made.n * 2, 'EM2', 'further' || made.n || '.' || place || '@mail.example.com',
    generator.day(made.moved_in), '99991231'
FROM made
CROSS JOIN generate_series(0, 1) AS place
WHERE made.rare = 24;

INSERT INTO legacy.party_preference
SELECT made.n * 2, kind.preference, CASE WHEN mod(made.h3 / kind.place, 2) = 0 THEN 'X' ELSE 'N' END
FROM made
CROSS JOIN (VALUES (1, 'SMS'), (3, 'RECO'), (5, 'UPDT'), (7, 'THRD'), (11, 'OFFR'))
    AS kind (place, preference);

INSERT INTO legacy.priority_service
SELECT
    made.n, made.n * 2, 'E', lpad(CAST(1 + mod(made.h2, 30) AS text), 2, '0'),
    CASE WHEN mod(made.h3, 5) = 0 THEN '00000000' ELSE generator.day(made.moved_in) END,
    CASE WHEN mod(made.h3, 7) = 0 THEN generator.day(made.billed_to + 200) ELSE '00000000' END
FROM made
WHERE mod(made.h1, 9) = 0;

INSERT INTO legacy.address (address_id, line1, line2, line3, postcode, country)
SELECT
    made.n,
    1 + mod(made.h1, 220) || ' '
        || (SELECT words FROM generator.vocabulary WHERE kind = 'street')[1 + mod(made.h2, 12)],
    (SELECT words FROM generator.vocabulary WHERE kind = 'town')[1 + mod(made.h3, 12)],
    CASE WHEN made.defect = 11 THEN ' ' END,
    (SELECT words FROM generator.vocabulary WHERE kind = 'postcode_area')[1 + mod(made.h3, 12)]
        || (1 + mod(made.h1, 20)) || ' ' || mod(made.h2, 10) || chr(65 + mod(made.h1, 2)) || chr(68 + mod(made.h2, 3)),
    'GB'
FROM made;

INSERT INTO legacy.address (address_id, line1, line2, locality, state, postcode, country)
SELECT
    700000000000 + made.n, abroad.line1, abroad.line2, abroad.locality, abroad.state, abroad.postcode, abroad.country
FROM made
JOIN (VALUES
    (0, 'Avenida Primera 4', '2º B', 'Marbella', 'MA', '29601', 'ES'),
    (1, '5 Main Street', NULL, 'Dingle', NULL, 'V92 X7P5', 'IE')
) AS abroad (place, line1, line2, locality, state, postcode, country) ON abroad.place = mod(made.n / 50, 2)
WHERE made.rare = 29;

INSERT INTO legacy.account
SELECT
    made.n,
    made.account_number,
    'GB',
    'GEN',
    CASE
        WHEN made.defect = 5 THEN 'QQ'
        WHEN made.is_business THEN 'BUS'
        WHEN made.rare = 21 THEN 'DOC'
        WHEN made.rare = 34 THEN 'DVA'
        ELSE 'DOM'
    END,
    CASE WHEN made.rare = 21 THEN 'X' ELSE 'N' END,
    (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(made.h1, 31)] || ' '
        || (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(made.h2, 29)],
    CASE
        WHEN made.rare = 21 AND mod(made.n / 50, 2) = 0 THEN NULL
        WHEN made.rare = 29 THEN 700000000000 + made.n
        ELSE made.n
    END,
    CASE WHEN made.rare = 23 THEN ' ' ELSE (ARRAY['DIR', 'PCW', 'TEL', 'MOV'])[1 + mod(made.h1, 4)] END,
    '',
    (ARRAY['HH', 'DD', 'MM'])[1 + mod(made.h2, 3)],
    1 + mod(made.h3, 28),
    (ARRAY['E', 'P'])[1 + mod(made.h3, 2)],
    CASE WHEN mod(made.h1, 40) = 0 THEN 'LP' END,
    (SELECT sum(owed.now) FROM owed WHERE owed.n = made.n),
    CASE
        WHEN made.defect = 6 THEN '20260231'
        WHEN made.rare = 37 THEN '00000000'
        ELSE generator.day(made.billed_to)
    END,
    CASE WHEN mod(made.h2, 3) = 0 THEN '00000000' ELSE generator.day(made.billed_to - 60) END,
    generator.day(made.billed_to + 50),
    CASE WHEN made.is_business THEN '07' END,
    CASE WHEN made.is_business THEN 'accounts' || made.n || '@business.example.com' END,
    CASE WHEN made.rare = 23 THEN 'compare' END
FROM made;

INSERT INTO legacy.business
SELECT
    made.n, (ARRAY['LTD', 'PAR', 'CHA'])[1 + mod(made.h1, 3)],
    (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(made.h2, 29)] || ' & Daughters, Bakers',
    lpad(CAST(made.n AS text), 8, '0'), NULL,
    CASE WHEN mod(made.h2, 2) = 0 THEN (ARRAY['M', 'Q'])[1 + mod(made.h3, 2)] END,
    CASE WHEN mod(made.h2, 2) = 0 THEN 1 + mod(made.h3, 28) END
FROM made
WHERE made.is_business;
INSERT INTO legacy.business_detail
SELECT
    made.n * 2 + detail.place, made.n, detail.name,
    CASE detail.place WHEN 0 THEN to_jsonb('GB' || lpad(CAST(made.n AS text), 9, '0')) ELSE jsonb '["10710", "47240"]' END
FROM made
CROSS JOIN (VALUES (0, 'VAT'), (1, 'SIC')) AS detail (place, name)
WHERE made.is_business;

INSERT INTO legacy.account_role
SELECT
    made.n,
    made.n * 2 + person,
    'HLD',
    person + 1,
    CASE WHEN made.defect = 7 THEN '20260630' ELSE '99991231' END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_partner THEN 1 ELSE 0 END) AS person
WHERE made.rare NOT IN (21, 34);

-- A tenant's own premise stays empty.
INSERT INTO legacy.premise SELECT n, n FROM made;
INSERT INTO legacy.occupancy
SELECT
    made.n * 2 + slice.place, made.n, CASE slice.place WHEN 0 THEN made.home ELSE made.n END,
    slice.moved_in, slice.moved_out, 'N'
FROM made
CROSS JOIN LATERAL (VALUES
    (0, generator.day(made.moved_in),
        CASE WHEN made.defect = 20 OR made.kind = 'mover' THEN generator.day(made.billed_to) ELSE '99991231' END),
    (1, '20050101', '20101231')
) AS slice (place, moved_in, moved_out)
WHERE slice.place = 0 OR mod(made.h1, 6) = 0;

INSERT INTO legacy.premise_administrator SELECT n, 900000000000 + n FROM made WHERE defect = 17;
INSERT INTO legacy.party (party_id, party_type, title, first_name, last_name, died)
SELECT 700000000000 + n, 'PE', 'Mx', 'Let', 'O''Landlord', CASE WHEN mod(n / 50, 4) = 1 THEN 'R' END
FROM made
WHERE rare = 49;
INSERT INTO legacy.premise_administrator SELECT n, 700000000000 + n FROM made WHERE rare = 49;

-- Meter points: electricity, and gas for most.
INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, supplier_mpid, shipper_mpid, profile_class, ssc,
    transfer_flag, dispute_flag, measurement_class, deenergised
)
SELECT
    made.n * 2,
    made.n,
    'GB',
    'GEN',
    CASE WHEN made.defect = 0
        THEN overlay(mpan PLACING CAST(mod(CAST(right(mpan, 1) AS integer) + 1, 10) AS text) FROM 13)
        ELSE mpan
    END,
    'E ',
    CASE WHEN made.defect = 12 THEN 'GONE' ELSE 'TENT' END,
    NULL,
    CASE
        WHEN made.kind = 'half-hourly' THEN 0
        WHEN made.kind = 'unmetered' THEN 8
        WHEN made.is_two_rate THEN 2
        ELSE 1
    END,
    CASE WHEN made.kind = 'half-hourly' THEN NULL WHEN made.is_two_rate THEN '0151' ELSE '0393' END,
    CASE WHEN made.defect = 4 THEN 'X' ELSE ' ' END,
    ' ',
    CASE WHEN made.kind = 'half-hourly' THEN 'F' WHEN made.kind = 'unmetered' THEN 'B' ELSE 'A' END,
    CASE WHEN made.kind = 'deenergised' THEN 'X' END
FROM made
CROSS JOIN LATERAL generator.mpan(10 + mod(made.n, 14) || lpad(CAST(made.n AS text), 10, '0')) AS mpan
WHERE made.home = made.n;

INSERT INTO legacy.supply_point
SELECT
    made.n * 2 + 1, made.n, 'GB', 'GEN', generator.mprn('7' || lpad(CAST(made.n AS text), 7, '0')), 'G ', 'TEN', 'TCL',
    NULL, NULL, ' ', ' ', NULL, NULL
FROM made
WHERE made.has_gas AND made.home = made.n;

INSERT INTO legacy.supply
SELECT
    made.n * 2,
    made.home * 2 + fuel,
    CASE WHEN made.defect = 8 AND fuel = 0 THEN '00000000' ELSE generator.day(made.moved_in) END,
    CASE
        WHEN made.defect = 20 OR made.kind = 'mover' OR (made.kind = 'gas lost' AND fuel = 1)
            THEN generator.day(made.billed_to)
        WHEN made.defect = 24 THEN '20881231'
        ELSE '99991231'
    END,
    CASE
        WHEN made.kind = 'two days'
            THEN generator.day(CASE fuel WHEN 1 THEN made.gas_billed_to ELSE made.billed_to END)
    END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_gas THEN 1 ELSE 0 END) AS fuel;

INSERT INTO legacy.smart_interest
SELECT made.home * 2, made.n, 'LATER', generator.day(made.billed_to - 300), NULL, 'WEB'
FROM made
WHERE mod(made.h2, 6) = 0;

INSERT INTO legacy.contract
SELECT
    (made.n * 2 + fuel) * 2 + slice.place,
    made.n,
    made.home * 2 + fuel,
    CASE WHEN made.defect = 9 AND slice.place = 1 AND fuel = 0 THEN 'ELEC-OBSOLETE-19'
        ELSE (ARRAY['ELEC', 'GAS'])[1 + fuel] || slice.tariff
    END,
    slice.starts_on,
    slice.ends_on,
    CASE WHEN made.is_business AND mod(made.n, 2) = 1 THEN 'P-0000000' || chr(65 + mod(made.h1, 9)) END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_gas THEN 1 ELSE 0 END) AS fuel
CROSS JOIN LATERAL (VALUES
    (0, '-SVT', generator.day(made.moved_in), generator.day(
        CASE WHEN made.defect = 13 AND fuel = 0 THEN made.billed_to - 150 ELSE made.billed_to - 201 END)),
    (1, '-FIX-12M-26',
        generator.day(CASE WHEN made.kind = 'tenant' THEN made.moved_in ELSE made.billed_to - 200 END),
        CASE
            WHEN made.defect = 20 OR made.kind = 'mover' OR (made.kind = 'gas lost' AND fuel = 1)
                THEN generator.day(made.billed_to)
            WHEN made.defect = 24 THEN '20881231'
            ELSE '99991231'
        END)
) AS slice (place, tariff, starts_on, ends_on)
WHERE slice.place = 1 OR made.home = made.n;

INSERT INTO legacy.meter
SELECT
    made.n * 2 + fuel,
    made.n * 2 + fuel,
    (ARRAY['E', 'G'])[1 + fuel] || lpad(CAST(made.n AS text), 9, '0'),
    generator.day(
        CASE WHEN made.kind = 'exchanged' AND fuel = 0 THEN made.billed_to - 45
            ELSE made.moved_in - CASE WHEN made.has_predecessor THEN 400 ELSE 0 END
        END
    ),
    '99991231',
    5,
    CASE WHEN mod(made.h3, 3) = 0 THEN 'S2' END,
    CASE WHEN made.is_prepay THEN 'X' ELSE ' ' END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_gas THEN 1 ELSE 0 END) AS fuel
WHERE made.home = made.n AND NOT (made.kind = 'unmetered' AND fuel = 0);

INSERT INTO legacy.prepay_balance
SELECT
    made.n * 2 + fuel, made.n, mod(made.h1, 5000) / 100.00, mod(made.h2, 3000) / 100.00,
    generator.day(CASE fuel WHEN 1 THEN made.gas_billed_to ELSE made.billed_to END - 1),
    CASE WHEN fuel = 1 THEN 3.00 END, CASE WHEN fuel = 1 THEN 3.50 END,
    CASE WHEN fuel = 0 THEN lpad(CAST(made.n AS text), 10, '0') END
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_gas THEN 1 ELSE 0 END) AS fuel
WHERE made.is_prepay;

INSERT INTO legacy.register
SELECT
    made.n * 2 + rate, made.n * 2, CAST(rate + 1 AS text),
    CASE
        WHEN made.is_two_rate THEN (ARRAY['00043', '00210'])[rate + 1]
        WHEN made.kind <> 'half-hourly' THEN '00001'
    END,
    5, NULL
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.is_two_rate THEN 1 ELSE 0 END) AS rate
WHERE made.home = made.n AND made.kind <> 'unmetered';

-- Readings: on the day of the transfer, and every month before it.
INSERT INTO legacy.reading
SELECT
    (made.n * 4 + line) * 32 + month,
    made.home * 2 + line / 2,
    CASE
        WHEN made.defect = 16 AND line = 0 AND month = 1 THEN '9'
        WHEN line < 2 THEN CAST(line + 1 AS text)
    END,
    CASE
        WHEN made.defect = 18 AND line = 0 AND month = 1 THEN '00000000'
        WHEN made.defect = 22 AND line = 0 AND month = 0 THEN generator.day(made.billed_to - 1)
        ELSE generator.day(CASE line WHEN 2 THEN made.gas_billed_to ELSE made.billed_to END - 30 * month)
    END,
    CASE
        WHEN made.defect = 10 AND line = 0 AND month = 1 THEN -5
        WHEN made.defect = 14 AND line = 0 AND month = 0 THEN 40
        ELSE 20000 + mod(made.h1, 40000) - 210 * month
    END,
    lpad(CAST(mod(made.h2 + month, 100) AS text), 2, '0'),
    (ARRAY['C', 'R', 'E', 'S'])[1 + mod(made.h3 + month, 4)],
    CASE WHEN mod(month, 3) = 0 OR made.rare = 37 THEN ' ' ELSE 'X' END,
    CASE WHEN month = 0 THEN 'X' ELSE ' ' END
FROM made
CROSS JOIN generate_series(0, 2) AS line
CROSS JOIN generate_series(0, CASE WHEN made.is_long THEN 14 ELSE 1 END) AS month
WHERE (line = 0 AND made.kind <> 'unmetered')
    OR (line = 1 AND made.is_two_rate)
    OR (line = 2 AND made.has_gas);

INSERT INTO legacy.consumption
SELECT
    made.n * 8 + rate * 2 + slice.place, made.n * 2, 'EAC',
    CASE WHEN made.is_two_rate THEN (ARRAY['00043', '00210'])[rate + 1] ELSE '00001' END,
    1200 + mod(made.h1, 4000) + slice.place * 35, slice.valid_from, slice.valid_to, 'D0019'
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.is_two_rate THEN 1 ELSE 0 END) AS rate
CROSS JOIN LATERAL (VALUES
    (0, generator.day(made.billed_to - 365), generator.day(made.billed_to - 31)),
    (1, generator.day(made.billed_to - 30), '99991231')
) AS slice (place, valid_from, valid_to)
WHERE made.home = made.n AND made.kind <> 'half-hourly'
UNION ALL
SELECT
    made.n * 8 + 4 + slice.place, made.n * 2 + 1, 'AQ', NULL, 8000 + mod(made.h2, 9000) + slice.place * 110,
    slice.valid_from, slice.valid_to, NULL
FROM made
CROSS JOIN LATERAL (VALUES
    (0, '20250101', CASE WHEN made.defect = 21 THEN '20251130' ELSE '20251231' END),
    (1, '20260101', '99991231')
) AS slice (place, valid_from, valid_to)
WHERE made.has_gas AND made.home = made.n;

SELECT generator.add_british_supplies();

INSERT INTO legacy.ledger
SELECT
    owed.ledger_id, made.n,
    CASE WHEN made.rare = 37 THEN '00000000' ELSE generator.day(made.billed_to - 1) END,
    CASE WHEN made.rare = 37 THEN '00000000' ELSE generator.day(made.billed_to) END,
    owed.by_statement, owed.now,
    -- Which of several it is; the only one has no kind, or is the account itself.
    CASE
        WHEN made.money BETWEEN 20 AND 23 THEN CASE owed.ledger_id WHEN made.n THEN 'ENGY' ELSE 'DEBT' END
        WHEN made.money BETWEEN 40 AND 42 THEN 'ACCT'
    END
FROM made
JOIN owed USING (n);

INSERT INTO legacy.ledger_transaction (
    transaction_id, ledger_id, document_number, posted_on, amount, kind, reason, payment_type, billed, prepay_serial
)
SELECT * FROM booking;

INSERT INTO legacy.statement
SELECT
    made.n * 16 + month, made.n, 'S' || made.n || '-' || month,
    generator.day(made.billed_to - 30 * (month + 1)), generator.day(made.billed_to - 30 * month - 1),
    '/' || made.account_number || '/' || month || '.pdf'
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.is_long THEN 6 ELSE 0 END) AS month
WHERE made.rare <> 37;

-- One schedule runs on, or takes what each bill says. Besides it there may be earlier ones, one of the second ledger,
-- and the repayment of a debt.
INSERT INTO legacy.payment_schedule
SELECT
    made.n + 100000000000 * schedule.place, made.n, schedule.amount,
    CASE WHEN schedule.due_by IS NULL THEN 1 + mod(made.h2, 28) END,
    CASE WHEN schedule.due_by IS NULL THEN 'M' END,
    'D', generator.day(schedule.starts_on), CASE WHEN schedule.place = 4 THEN 'X' END,
    CASE WHEN schedule.place = 4 THEN schedule.amount END,
    CASE WHEN schedule.place = 4 THEN generator.day(made.billed_to + 300) END,
    coalesce(generator.day(schedule.ends_on), '99991231'), schedule.due_by,
    CASE WHEN made.money BETWEEN 20 AND 23 THEN CASE schedule.place WHEN 3 THEN 'DEBT' ELSE 'ENGY' END END,
    CASE WHEN schedule.due_by = 'S' THEN 15.00 END,
    CASE WHEN schedule.due_by = 'B' THEN 'W' END, CASE WHEN schedule.due_by = 'B' THEN 10 END,
    CASE WHEN schedule.place = 0 AND made.money = 43 THEN 'X' END
FROM made
CROSS JOIN LATERAL (VALUES
    (0, CASE WHEN made.money BETWEEN 32 AND 35 THEN NULL ELSE 40 + mod(made.h1, 12000) / 100.00 END,
        CASE WHEN made.money BETWEEN 24 AND 29 THEN made.billed_to - 400 ELSE made.moved_in END,
        CAST(NULL AS date), CASE WHEN made.money BETWEEN 32 AND 35 THEN 'B' WHEN made.money = 44 THEN 'S' END, true),
    (1, 35.00, made.moved_in, made.billed_to - 801, NULL, made.money BETWEEN 24 AND 29),
    (2, 38.00, made.billed_to - 800, made.billed_to - 401, NULL, made.money BETWEEN 24 AND 29),
    (3, 12.50, made.billed_to - 300, NULL, NULL, made.money BETWEEN 20 AND 23),
    (4, 15.25, made.billed_to - 100, NULL, NULL, made.money BETWEEN 30 AND 31)
) AS schedule (place, amount, starts_on, ends_on, due_by, is_there)
WHERE NOT made.is_prepay AND schedule.is_there;

-- What they are taken with: one mandate for each ledger, and for some the one of an earlier bank account.
INSERT INTO legacy.mandate
SELECT
    made.n + 100000000000 * mandate.place, made.n, 'D', 'BOTTOMLINE_PTX', 'DD-' || mandate.place || '-' || made.n,
    'C-' || made.n, generator.day(made.moved_in), mandate.ended_on, 'X',
    CASE WHEN made.money BETWEEN 20 AND 23 THEN CASE mandate.place WHEN 3 THEN 'DEBT' ELSE 'ENGY' END END
FROM made
CROSS JOIN LATERAL (VALUES
    (0, '99991231', true), (1, generator.day(made.moved_in + 500), mod(made.h2, 20) = 0),
    (3, '99991231', made.money BETWEEN 20 AND 23)
) AS mandate (place, ended_on, is_there)
WHERE NOT made.is_prepay AND mandate.is_there;

INSERT INTO legacy.note (note_id, account_id, written_at, body)
SELECT
    made.n * 4 + place, made.n,
    CAST(made.billed_to - 100 * (place + 1) AS timestamp) AT TIME ZONE 'UTC' + interval '10 hours',
    (ARRAY['Asked for a copy of the last bill.', 'Moved the direct debit to another day.',
        'Reported a fault with the display of the meter.'])[1 + mod(made.h1 + place, 3)]
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.is_long THEN 2 ELSE 0 END) AS place
WHERE made.is_long OR mod(made.h3, 4) = 0;

INSERT INTO legacy.debt
SELECT
    made.n, made.n, CASE WHEN mod(made.h1, 3) > 0 THEN 'Northern Recoveries' END,
    CASE WHEN mod(made.h1, 3) > 0 THEN generator.day(made.billed_to - 200) ELSE '00000000' END, ' '
FROM made
WHERE mod(made.h2, 50) = 0;
INSERT INTO legacy.debt_item
SELECT made.n, made.n, 20 + mod(made.h1, 30000) / 100.00, generator.day(made.billed_to - 230)
FROM made
WHERE mod(made.h2, 50) = 0;

INSERT INTO legacy.dunning
SELECT
    made.n, 'standard_domestic',
    CASE
        WHEN made.defect = 23 THEN generator.day(made.billed_to - 60)
        WHEN made.rare = 42 THEN generator.day(DATE '2035-01-01' + CAST(mod(made.n, 300) AS integer))
        ELSE '00000000'
    END
FROM made
WHERE made.defect = 23 OR made.rare IN (42, 45);

INSERT INTO legacy.campaign_member
SELECT
    made.n, made.n, 'financial-vulnerability', NULL, generator.day(made.billed_to - 30), generator.day(made.billed_to + 90)
FROM made
WHERE made.rare = 44;

INSERT INTO legacy.warm_home_discount
SELECT
    made.n, made.n, '2025/26',
    CASE WHEN mod(made.h3, 60) = 0 THEN ' ' WHEN made.is_prepay THEN 'PP' ELSE 'CR' END,
    'C'
FROM made
WHERE mod(made.h3, 20) = 0;

INSERT INTO legacy.external_reference
SELECT made.n, made.n, 'legacy.customer-number', lpad(CAST(made.n AS text), 10, '0')
FROM made;

CREATE TEMPORARY TABLE changed_hands ON COMMIT DROP AS
SELECT
    'GB' AS market, made.n, made.n AS account_id, made.n AS premise_id, made.n AS address_id,
    made.n * 2 + fuel AS supply_point_id, (ARRAY['ELEC', 'GAS'])[1 + fuel] AS tariff, made.moved_in,
    CAST(NULL AS date) AS left_on, made.has_predecessor, made.has_successor
FROM made
CROSS JOIN generate_series(0, CASE WHEN made.has_gas THEN 1 ELSE 0 END) AS fuel
WHERE made.has_predecessor OR made.has_successor;
SELECT generator.add_neighbours();
