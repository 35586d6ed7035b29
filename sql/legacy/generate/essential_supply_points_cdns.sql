-- Supply points of an Australian network with notifications, number %(first)s to %(last)s from seed %(seed)s.
-- Keys begin above those of other markets. One in 25 is broken on purpose; as many were never notified, or are abroad.

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT
    n,
    1000000000000 + n AS key,
    CASE WHEN defect = 0
        THEN nmi || mod(generator.nmi_check_digit(nmi) + 1, 10)
        ELSE nmi
    END AS identifier,
    defect,
    generator.h(%(seed)s, n, 101) AS h1,
    generator.h(%(seed)s, n, 102) AS h2,
    generator.h(%(seed)s, n, 103) AS h3,
    -- Nothing was ever notified of these.
    mod(n, 25) <> 20 AS is_notified,
    mod(n, 25) = 11 AS is_abroad
FROM generate_series(CAST(%(first)s AS bigint), CAST(%(last)s AS bigint)) AS n
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN mod(n, 25) = 0 THEN mod(n / 25, 12) ELSE -1 END AS defect,
        '41' || lpad(CAST(n AS text), 8, '0') AS nmi
) AS kind;
ANALYZE made;

INSERT INTO generator.expected_outcome
SELECT 'essential_supply_points_cdns', made.identifier, known.defect, known.state, known.code, known.path,
    known.warning
FROM made
JOIN (VALUES
    (0, 'wrong check digit of an NMI', 'rejected', 'invalid_supply_point_identifier', 'supply_point.identifier',
        NULL),
    (1, 'text in a telephone number', 'processed', NULL, NULL, 'invalid_phone_number'),
    (2, 'house number without a street', 'processed', NULL, NULL, 'street_name_required'),
    (3, 'unit number without a unit type', 'processed', NULL, NULL, NULL),
    (4, 'unknown kind of movement', 'rejected', 'unknown_code', 'cdns.movement_type', NULL),
    (5, 'date that does not exist', 'rejected', 'invalid_date', 'cdns.transaction_date', NULL),
    (6, 'kind of movement that the guide does not show', 'rejected', 'unknown_code', 'cdns.movement_type', NULL),
    (7, 'substation that no longer exists', 'errored', 'substation_not_found', '', NULL),
    (8, 'untidy but whole', 'processed', NULL, NULL, NULL),
    (9, 'state and postcode that contradict each other', 'processed', NULL, NULL, 'state_does_not_fit_postcode'),
    (10, 'postal delivery point of letters', 'invalid', 'invalid_delivery_point_identifier',
        'cdns.outage_contact.postal_address.delivery_point_identifier', 'invalid_delivery_point_identifier'),
    (11, 'kind of name that the guide does not show', 'rejected', 'unknown_code',
        'cdns.outage_contact.name_type', NULL)
) AS known (number, defect, state, code, path, warning) ON known.number = made.defect;

INSERT INTO legacy.supply_point (
    supply_point_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag, substation,
    critical_load, network_area
)
SELECT
    made.key, 'AU', 'GEN', made.identifier, 'ED', ' ', ' ',
    CASE WHEN made.defect = 7 THEN '999000001' ELSE lpad(CAST(100000000 + mod(made.h1, 9999) AS text), 9, '0') END,
    CASE WHEN mod(made.h2, 60) = 0 THEN 'X' WHEN mod(made.h2, 20) = 1 THEN ' ' ELSE 'N' END,
    'NO'
FROM made;

INSERT INTO legacy.address (
    address_id, postcode, country, state, locality, house_number, street_name, street_type, unit_type,
    unit_number, building_name, delivery_point, sublocality, sorting_code, delivery_type, delivery_number, line1
)
SELECT
    made.key,
    CASE WHEN made.is_abroad THEN 'SW1A 1AA'
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'au_postcode')[1 + mod(made.h1, 7)]
    END,
    CASE WHEN made.is_abroad THEN 'GB' ELSE 'AU' END,
    CASE WHEN made.is_abroad THEN NULL WHEN made.defect = 9 THEN 'VIC' ELSE 'NSW' END,
    CASE WHEN made.is_abroad THEN 'London'
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'au_locality')[1 + mod(made.h1, 7)]
    END,
    CASE WHEN is_street THEN CAST(1 + mod(made.h2, 300) AS text) END,
    CASE WHEN is_street AND made.defect <> 2
        THEN (SELECT words FROM generator.vocabulary WHERE kind = 'au_street')[1 + mod(made.h3, 8)]
    END,
    CASE WHEN is_street AND made.defect <> 2 THEN (ARRAY['ST', 'RD', 'AVE'])[1 + mod(made.h3, 3)] END,
    CASE WHEN has_unit AND made.defect <> 3 THEN 'U' END,
    CASE WHEN has_unit THEN CAST(1 + mod(made.h1, 20) AS text) END,
    CASE WHEN made.defect = 8 THEN '   ' WHEN is_street AND mod(made.h1, 15) = 0 THEN 'Wattle House' END,
    CASE WHEN made.is_abroad OR NOT is_street THEN NULL WHEN made.defect = 10 THEN 'unknown'
        ELSE CAST(50000000 + mod(made.h2, 9000000) AS text)
    END,
    CASE WHEN mod(made.h1, 20) = 1 THEN 'Old Station' END,
    CASE WHEN mod(made.h1, 20) = 2 THEN 'RMB ' || mod(made.h2, 90) END,
    CASE WHEN is_box THEN 'PO BOX' END,
    CASE WHEN is_box THEN CAST(1 + mod(made.h3, 900) AS text) END,
    CASE WHEN is_line THEN 'Lot ' || 1 + mod(made.h2, 90) || ', off the Silver City Highway' END
FROM made
-- Some get their post in a box; in the country some have one line, and no parts.
CROSS JOIN LATERAL (
    SELECT
        made.defect < 0 AND mod(made.h3, 25) = 0 AS is_box,
        made.defect < 0 AND NOT made.is_abroad AND mod(made.h3, 25) = 1 AS is_line
) AS post
CROSS JOIN LATERAL (SELECT NOT is_box AND NOT is_line AS is_street) AS street
CROSS JOIN LATERAL (SELECT is_street AND (made.defect = 3 OR mod(made.h2, 5) = 0) AS has_unit) AS kind;

INSERT INTO legacy.details_notification
SELECT
    1000000000000 + made.n * 2 + place,
    made.key,
    CASE WHEN made.defect = 5 THEN '20250230' ELSE generator.day(DATE '2024-01-01' + mod(made.h1, 700) + place * 90) END,
    lpad(CAST(9 + mod(made.h2, 8) AS text), 2, '0') || '3000',
    CASE made.defect WHEN 4 THEN 'ZZZ' WHEN 6 THEN 'REC' ELSE 'UPD' END,
    CASE WHEN mod(made.h3, 2) = 0 THEN 'Ms' ELSE 'Mr' END,
    CASE WHEN made.defect = 8 THEN ' Rene' || U&'\0301' || 'e  '
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(made.h1, 31)]
    END,
    (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(made.h2, 29)],
    NULL,
    CASE WHEN made.defect = 11 THEN 'L' WHEN mod(made.h3, 5) = 0 THEN 'A' END,
    'contact' || made.n || '@mail.example.com',
    made.key
FROM made
CROSS JOIN generate_series(0, CASE WHEN mod(made.h2, 7) = 0 THEN 1 ELSE 0 END) AS place
WHERE made.is_notified;

INSERT INTO legacy.notification_phone
SELECT
    1000000000000 + (made.n * 2 + place) * 2 + line,
    1000000000000 + made.n * 2 + place,
    CASE WHEN made.defect = 1 AND line = 0 THEN '0412 call Bob'
        ELSE '041' || lpad(CAST(mod(made.h1 + line, 10000000) AS text), 7, '0')
    END,
    'MV',
    CASE line WHEN 0 THEN '+61' ELSE '' END
FROM made
CROSS JOIN generate_series(0, CASE WHEN mod(made.h2, 7) = 0 THEN 1 ELSE 0 END) AS place
CROSS JOIN generate_series(0, mod(made.h3, 2)) AS line
WHERE made.is_notified;

-- The customer before. This area knows no accounts: a notification belongs to its supply point.
INSERT INTO legacy.details_notification
SELECT
    1500000000000 + made.n, made.key, '20230301', '093000', 'UPD', 'Ms', 'Former', 'Occupier', NULL, NULL,
    'former' || made.n || '@mail.example.com', made.key
FROM made
WHERE mod(made.n, 25) = 7;
INSERT INTO legacy.notification_phone
SELECT
    1500000000000 + made.n, 1500000000000 + made.n,
    '041' || lpad(CAST(mod(made.h3, 10000000) AS text), 7, '0'), 'MV', '+61'
FROM made
WHERE mod(made.n, 25) = 7;
