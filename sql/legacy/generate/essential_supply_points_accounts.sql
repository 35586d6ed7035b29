-- Supply points of an Australian network with accounts, number %(first)s to %(last)s from seed %(seed)s. Keys
-- begin above those of other markets. One in 25 is broken on purpose; as many are vacant, or get their post abroad.

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT
    n,
    4000000000000 + n AS key,
    -- Where an account has two of something.
    4000000000000 + n * 2 AS pair,
    CASE
        WHEN defect = 0 THEN nmi || mod(generator.nmi_check_digit(nmi) + 1, 10)
        WHEN mod(generator.h(%(seed)s, n, 404), 5) = 0 THEN nmi || generator.nmi_check_digit(nmi)
        ELSE nmi
    END AS identifier,
    defect,
    generator.h(%(seed)s, n, 401) AS h1,
    generator.h(%(seed)s, n, 402) AS h2,
    generator.h(%(seed)s, n, 403) AS h3,
    -- The customer has left, and the point is vacant; at some of these there never was one.
    mod(n, 25) = 20 AS is_vacant,
    mod(n, 100) = 95 AS was_always_vacant,
    -- Post goes abroad: to New Zealand, Great Britain or the United States, by the customer's number.
    CASE WHEN mod(n, 25) = 11 THEN 1 + mod(n / 25, 3) ELSE 0 END AS abroad,
    CASE WHEN mod(generator.h(%(seed)s, n, 405), 8) = 0 THEN 1 ELSE 0 END AS partner,
    DATE '2014-01-01' + mod(generator.h(%(seed)s, n, 406), 4000) AS moved_in
FROM generate_series(CAST(%(first)s AS bigint), CAST(%(last)s AS bigint)) AS n
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN mod(n, 25) = 0 THEN mod(n / 25, 16) ELSE -1 END AS defect,
        '42' || lpad(CAST(n AS text), 8, '0') AS nmi
) AS kind;
ANALYZE made;

INSERT INTO generator.expected_outcome
SELECT
    'essential_supply_points_accounts', made.identifier, known.defect, known.state, known.code, known.path,
    known.warning
FROM made
JOIN (VALUES
    (0, 'wrong check digit of an NMI', 'rejected', 'invalid_supply_point_identifier', 'supply_point.identifier',
        NULL),
    (1, 'third telephone of an outage contact', 'processed', NULL, NULL, 'value_not_sent'),
    (2, 'account without roles', 'processed', NULL, NULL, 'missing_child'),
    (3, 'unknown account class', 'rejected', 'unknown_code', 'accounts.account_type', NULL),
    (4, 'house number without a street', 'processed', NULL, NULL, 'street_name_required'),
    (5, 'unit number without a unit type', 'processed', NULL, NULL, NULL),
    (6, 'postcode of three digits', 'processed', NULL, NULL, 'invalid_postcode'),
    (7, 'state and postcode that contradict each other', 'processed', NULL, NULL, 'state_does_not_fit_postcode'),
    (8, 'untidy but whole', 'processed', NULL, NULL, NULL),
    (9, 'substation that no longer exists', 'errored', 'substation_not_found', '', NULL),
    (10, 'unknown role', 'rejected', 'unknown_code', 'accounts.customers.account_roles', NULL),
    (11, 'text in a telephone number', 'processed', NULL, NULL, 'invalid_phone_number'),
    (12, 'postal delivery point of letters', 'invalid', 'invalid_delivery_point_identifier',
        'accounts.outage_contact.postal_address.delivery_point_identifier', 'invalid_delivery_point_identifier'),
    (13, 'kind of name that the guide does not show', 'rejected', 'unknown_code',
        'accounts.outage_contact.name_type', NULL),
    (14, 'kind of telephone that the guide does not show', 'rejected', 'unknown_code',
        'accounts.outage_contact.phone_1.service_type', NULL),
    (15, 'telephone of another country, by its prefix', 'processed', NULL, NULL, NULL)
) AS known (number, defect, state, code, path, warning) ON known.number = made.defect;

-- People. Where an account has no roles, the one below has ended.
INSERT INTO legacy.party (party_id, party_type, title, first_name, last_name, salutation)
SELECT
    made.pair + person,
    'PE',
    CASE WHEN mod(made.h1 + person, 2) = 0 THEN 'Ms' ELSE 'Mr' END,
    -- The untidy ones have accents as combining characters, and blanks around the name.
    CASE WHEN made.defect = 8 THEN ' Rene' || U&'\0301' || 'e  '
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(made.h1 + person * 7, 31)]
    END,
    (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(made.h2, 29)],
    CASE WHEN made.defect = 8 THEN '   ' ELSE 'Hi' END
FROM made
CROSS JOIN LATERAL generate_series(0, made.partner) AS person;

INSERT INTO legacy.party_contact
SELECT
    4000000000000 + (made.n * 2 + person) * 4 + contact.place,
    made.pair + person,
    contact.kind,
    contact.value,
    generator.day(made.moved_in),
    contact.valid_to
FROM made
CROSS JOIN LATERAL generate_series(0, made.partner) AS person
CROSS JOIN LATERAL (VALUES
    (0, 'EML', 'customer' || made.n || '.' || person || '@mail.example.com', '99991231'),
    (1, 'MOB', CASE
        WHEN made.defect = 11 AND person = 0 THEN '0412 call Bob'
        WHEN made.abroad = 1 THEN '09309' || lpad(CAST(mod(made.h1 + person, 10000) AS text), 4, '0')
        ELSE '041' || lpad(CAST(mod(made.h1 + person, 10000000) AS text), 7, '0') END, '99991231'),
    (2, 'TEL', '028' || lpad(CAST(mod(made.h2 + person, 1000000) AS text), 7, '0'), '99991231'),
    (3, 'TEL', '0280000000', '20181231')
) AS contact (place, kind, value, valid_to)
WHERE contact.place <> 2 OR mod(made.h3, 3) = 0;

-- Where the property is, and where post is sent: to a box, or to the same street.
INSERT INTO legacy.address (
    address_id, postcode, country, state, locality, house_number, street_name, street_type, unit_type,
    unit_number, building_name, delivery_point, sublocality, sorting_code, delivery_type, delivery_number, line1
)
SELECT
    made.pair + place,
    CASE WHEN made.defect = 6 AND place = 1 THEN '240'
        WHEN is_abroad THEN (ARRAY['1010', 'SW1A 1AA', '94105'])[made.abroad]
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'au_postcode')[1 + mod(made.h1, 7)]
    END,
    CASE WHEN is_abroad THEN (ARRAY['NZ', 'GB', 'US'])[made.abroad] ELSE 'AU' END,
    CASE
        WHEN is_abroad THEN (ARRAY[NULL, NULL, 'CA'])[made.abroad]
        WHEN made.defect = 7 THEN 'VIC'
        ELSE 'NSW'
    END,
    CASE WHEN is_abroad THEN (ARRAY['Auckland', 'London', 'San Francisco'])[made.abroad]
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'au_locality')[1 + mod(made.h1, 7)]
    END,
    CASE WHEN is_street THEN CAST(1 + mod(made.h2, 300) AS text) END,
    CASE WHEN is_street AND made.defect <> 4
        THEN (SELECT words FROM generator.vocabulary WHERE kind = 'au_street')[1 + mod(made.h3, 8)]
    END,
    CASE WHEN is_street AND made.defect <> 4 THEN (ARRAY['ST', 'RD', 'AVE'])[1 + mod(made.h3, 3)] END,
    CASE WHEN has_unit AND made.defect <> 5 THEN 'U' END,
    CASE WHEN has_unit THEN CAST(1 + mod(made.h1, 20) AS text) END,
    CASE WHEN made.defect = 8 THEN '   ' WHEN is_street AND mod(made.h1, 15) = 0 THEN 'Wattle House' END,
    CASE
        WHEN is_box THEN ''
        WHEN is_abroad THEN NULL
        WHEN made.defect = 12 THEN 'unknown'
        ELSE CAST(50000000 + mod(made.h2, 9000000) AS text)
    END,
    CASE WHEN mod(made.h1, 20) = 1 THEN 'Old Station' WHEN is_box THEN '' END,
    CASE WHEN mod(made.h1, 20) = 2 THEN 'RMB ' || mod(made.h2, 90) WHEN is_box THEN '' END,
    CASE WHEN is_box THEN 'PO BOX' END,
    CASE WHEN is_box THEN CAST(1 + mod(made.h3, 900) AS text) END,
    CASE WHEN is_line THEN 'Lot ' || 1 + mod(made.h2, 90) || ', off the Silver City Highway' END
FROM made
CROSS JOIN generate_series(0, 1) AS place
-- The defects of a street stand in one address alone.
CROSS JOIN LATERAL (SELECT place = 1 AND made.abroad > 0 AS is_abroad) AS post
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN place = 0 THEN made.defect < 0 AND mod(made.h3, 25) = 0
            ELSE NOT is_abroad AND (made.defect IN (4, 5, 12) OR mod(made.h3, 4) > 0)
        END AS is_box
) AS kind
-- In the country some have one line, and no parts.
CROSS JOIN LATERAL (
    SELECT NOT is_box AND NOT is_abroad AND made.defect < 0 AND mod(made.h2, 25) = 1 AS is_line
) AS rural
CROSS JOIN LATERAL (SELECT NOT is_box AND NOT is_line AS is_street) AS street
CROSS JOIN LATERAL (SELECT is_street AND (made.defect = 5 OR mod(made.h2, 5) = 0) AS has_unit) AS flat;

INSERT INTO legacy.account (
    account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
    sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on
)
SELECT
    made.key,
    'AU-' || lpad(CAST(made.n AS text), 9, '0'),
    'AU',
    'GEN',
    CASE WHEN made.defect = 3 THEN 'QQ' WHEN mod(made.h1, 12) = 0 THEN 'BTB' ELSE 'DTB' END,
    ' ',
    made.pair + 1,
    'DIR',
    0,
    '00000000',
    '00000000',
    '00000000'
FROM made;

INSERT INTO legacy.account_role
SELECT
    made.key,
    made.pair + person,
    CASE WHEN made.defect = 10 AND person = 0 THEN 'ZZZ' ELSE 'HLD' END,
    person + 1,
    CASE WHEN made.defect = 2 THEN '20260630' ELSE '99991231' END
FROM made
CROSS JOIN LATERAL generate_series(0, made.partner) AS person;

INSERT INTO legacy.premise SELECT key, pair FROM made;
INSERT INTO legacy.occupancy
SELECT key, key, key, generator.day(moved_in), CASE WHEN is_vacant THEN '20260630' ELSE '99991231' END, ' '
FROM made
WHERE NOT was_always_vacant;

INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag, substation,
    critical_load, network_area
)
SELECT
    made.key, made.key, 'AU', 'GEN', made.identifier, 'ED', ' ', ' ',
    CASE WHEN made.defect = 9 THEN '999000001' ELSE lpad(CAST(100000000 + mod(made.h1, 9999) AS text), 9, '0') END,
    CASE WHEN mod(made.h2, 60) = 0 THEN 'X' WHEN mod(made.h2, 20) = 1 THEN ' ' ELSE 'N' END,
    'SO'
FROM made;
INSERT INTO legacy.supply
SELECT key, key, generator.day(moved_in), CASE WHEN is_vacant THEN '20260630' ELSE '99991231' END
FROM made
WHERE NOT was_always_vacant;

-- What was notified last, and for some what was before. A few points have never had a notification.
INSERT INTO legacy.details_notification
SELECT
    4000000000000 + made.n * 2 + place,
    made.key,
    generator.day(DATE '2025-01-01' + mod(made.h1, 500) - place * 90),
    lpad(CAST(9 + mod(made.h2, 8) AS text), 2, '0') || '3000',
    'UPD',
    CASE WHEN mod(made.h3, 2) = 0 THEN 'Ms' ELSE 'Mr' END,
    CASE WHEN made.defect = 8 THEN ' Rene' || U&'\0301' || 'e  '
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(made.h1 + place, 31)]
    END,
    (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(made.h2, 29)],
    NULL,
    CASE WHEN made.defect = 13 THEN 'L' WHEN mod(made.h3, 5) = 0 THEN 'A' END,
    'contact' || made.n || '.' || place || '@mail.example.com',
    made.pair
FROM made
CROSS JOIN LATERAL generate_series(0, CASE WHEN mod(made.h2, 7) = 0 THEN 1 ELSE 0 END) AS place
WHERE made.defect >= 0 OR mod(made.h1, 11) > 0;

INSERT INTO legacy.notification_phone
SELECT
    4000000000000 + made.n * 4 + line,
    4000000000000 + made.n * 2,
    CASE WHEN made.defect = 15 AND line = 0 THEN '09309' || lpad(CAST(mod(made.h2, 10000) AS text), 4, '0')
        ELSE '041' || lpad(CAST(mod(made.h2 + line, 10000000) AS text), 7, '0')
    END,
    CASE WHEN made.defect = 14 THEN 'FV' ELSE 'MV' END,
    CASE WHEN line > 0 AND mod(made.h1, 2) = 0 THEN '' WHEN made.defect = 15 THEN '+64' ELSE '+61' END
FROM made
CROSS JOIN LATERAL generate_series(0, CASE WHEN made.defect = 1 THEN 2 ELSE mod(made.h3, 2) END) AS line
WHERE made.defect >= 0 OR mod(made.h1, 11) > 0;

-- Successors are announced without a day, so that the customer of today stays the same whatever the day is.
CREATE TEMPORARY TABLE changed_hands ON COMMIT DROP AS
SELECT
    'AU' AS market, n, key AS account_id, key AS premise_id, pair AS address_id, key AS supply_point_id,
    CAST(NULL AS text) AS tariff, moved_in, CAST(NULL AS date) AS left_on, mod(n, 25) = 7 AS has_predecessor,
    mod(n, 25) = 14 OR mod(n, 100) = 7 AS has_successor
FROM made
WHERE mod(n, 25) IN (7, 14);
SELECT generator.add_neighbours();
