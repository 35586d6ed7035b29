-- Portuguese accounts number %(first)s to %(last)s from seed %(seed)s. Keys begin above those of other
-- markets. One in 25 is broken on purpose.

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT
    n,
    3000000000000 + n AS key,
    -- Where an account has two of something.
    3000000000000 + n * 2 AS pair,
    'PT-' || lpad(CAST(n AS text), 9, '0') AS account_number,
    CASE WHEN mod(n, 25) = 0 THEN mod(n / 25, 14) ELSE -1 END AS defect,
    generator.h(%(seed)s, n, 301) AS h1,
    generator.h(%(seed)s, n, 302) AS h2,
    generator.h(%(seed)s, n, 303) AS h3,
    CASE WHEN mod(generator.h(%(seed)s, n, 304), 10) < 4 THEN 1 ELSE 0 END AS gas,
    CASE WHEN mod(generator.h(%(seed)s, n, 305), 8) = 0 THEN 1 ELSE 0 END AS partner,
    mod(generator.h(%(seed)s, n, 306), 15) = 0 AS is_business,
    mod(n, 25) = 7 AS has_predecessor,
    mod(n, 25) = 14 OR mod(n, 100) = 7 AS has_successor,
    DATE '2012-01-01' + mod(generator.h(%(seed)s, n, 307), 4000) AS moved_in
FROM generate_series(CAST(%(first)s AS bigint), CAST(%(last)s AS bigint)) AS n;
ANALYZE made;

CREATE TEMPORARY TABLE person ON COMMIT DROP AS
SELECT
    made.*,
    made.pair + place AS party_id,
    place,
    -- The untidy ones have accents as combining characters, and blanks around the name.
    CASE WHEN made.defect = 9 THEN '  Ine' || U&'\0302' || 's '
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'pt_first_name')[1 + mod(made.h1 + place * 7, 19)]
    END AS first_name,
    CASE WHEN made.defect = 13 THEN 'ConceiÃ§Ã£o'
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'pt_last_name')[1 + mod(made.h2 + place * 5, 18)]
    END AS family_name,
    -- Some have one family name only.
    CASE
        WHEN made.defect = 9 THEN '   '
        WHEN mod(made.h3 + place, 6) = 0 THEN ''
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'pt_last_name')[1 + mod(made.h3 + place * 3, 18)]
    END AS second_family_name,
    generator.nif(1 + mod(made.h1, 2) || lpad(CAST(mod(made.pair + place, 10000000) AS text), 7, '0')) AS nif
FROM made
CROSS JOIN LATERAL generate_series(0, made.partner) AS place;
ANALYZE person;

INSERT INTO generator.expected_outcome
SELECT 'plenitude_accounts', made.account_number, known.defect, known.state, known.code, known.path,
    known.warning
FROM made
JOIN (VALUES
    (0, 'wrong check digit of a NIF', 'processed', NULL, NULL, 'invalid_fiscal_code'),
    (1, 'wrong check letters of a CPE', 'invalid', 'invalid_supply_point_identifier',
        'supply_addresses.supply_points.identifier', 'invalid_supply_point_identifier'),
    (2, 'postcode without its hyphen', 'processed', NULL, NULL, 'invalid_postcode'),
    (3, 'agreements that overlap', 'processed', NULL, NULL, 'gaps_or_overlaps_in_agreement_dates'),
    (4, 'gap between agreements', 'processed', NULL, NULL, 'gaps_or_overlaps_in_agreement_dates'),
    (5, 'unknown operations team', 'rejected', 'unknown_code', 'operations_team_name', NULL),
    (6, 'text in a telephone number', 'rejected', 'invalid_phone_number', 'customers.mobile', NULL),
    (7, 'email address that Kraken refuses', 'processed', NULL, NULL, 'possible_test_email_address'),
    (8, 'open ends as zeros and as nines', 'processed', NULL, NULL, NULL),
    (9, 'untidy but whole', 'processed', NULL, NULL, NULL),
    (10, 'account without a holder', 'processed', NULL, NULL, 'missing_child'),
    (11, 'tariff that no longer exists', 'errored', 'tariff_code_not_found', '', NULL),
    (12, 'kind of street that is not in the register', 'processed', NULL, NULL, NULL),
    (13, 'name in two encodings', 'processed', NULL, NULL, 'suspicious_encoding')
) AS known (number, defect, state, code, path, warning) ON known.number = made.defect;

-- People. Where an account has no holder, the role below has ended.
INSERT INTO legacy.party (party_id, party_type, first_name, last_name)
SELECT
    person.party_id,
    'PE',
    person.first_name,
    CASE WHEN btrim(person.second_family_name) = '' THEN person.family_name
        ELSE person.family_name || ' ' || person.second_family_name
    END
FROM person;

INSERT INTO legacy.party_detail
SELECT 3000000000000 + (person.n * 2 + person.place) * 4 + detail.place, person.party_id, detail.namespace, detail.value
FROM person
CROSS JOIN LATERAL (VALUES
    (0, 'APELIDO1', person.family_name),
    (1, 'APELIDO2', person.second_family_name),
    (2, 'NIF', CASE WHEN person.defect = 0 AND person.place = 0
        THEN overlay(person.nif PLACING CAST(mod(CAST(right(person.nif, 1) AS integer) + 1, 10) AS text) FROM 9)
        ELSE person.nif
    END)
) AS detail (place, namespace, value);

INSERT INTO legacy.party_contact
SELECT
    3000000000000 + (person.n * 2 + person.place) * 4 + contact.place,
    person.party_id,
    contact.kind,
    contact.value,
    generator.day(person.moved_in),
    contact.valid_to
FROM person
CROSS JOIN LATERAL (VALUES
    (0, 'EML', CASE WHEN person.defect = 7 AND person.place = 0 THEN 'test@cliente' || person.n || '.example.com'
        ELSE 'cliente' || person.n || '.' || person.place || '@mail.example.com' END, '99991231'),
    (1, 'MOB', CASE WHEN person.defect = 6 AND person.place = 0 THEN '91 depois das seis'
        ELSE (ARRAY['91', '92', '93', '96'])[1 + mod(person.h2, 4)]
            || lpad(CAST(mod(person.h1 + person.place, 10000000) AS text), 7, '0') END, '99991231'),
    (2, 'TEL', '21' || 2000000 + mod(person.h3 + person.place, 7000000), '99991231'),
    (3, 'TEL', '210000000', '20181231')
) AS contact (place, kind, value, valid_to)
WHERE contact.place <> 2 OR mod(person.h1, 3) = 0;

INSERT INTO legacy.address (
    address_id, postcode, country, locality, house_number, street_name, street_type, floor, door, direction
)
SELECT
    made.key,
    (SELECT words FROM generator.vocabulary WHERE kind = 'pt_postcode')[1 + mod(made.h3, 8)]
        || CASE WHEN made.defect = 2 THEN '' ELSE '-' END || lpad(CAST(1 + mod(made.h1, 998) AS text), 3, '0'),
    'PT',
    (SELECT words FROM generator.vocabulary WHERE kind = 'pt_town')[1 + mod(made.h3, 8)],
    CAST(1 + mod(made.h1, 220) AS text),
    (SELECT words FROM generator.vocabulary WHERE kind = 'pt_street')[1 + mod(made.h2, 11)],
    CASE WHEN made.defect = 12 THEN 'XX'
        ELSE (SELECT words FROM generator.vocabulary WHERE kind = 'pt_street_type')[1 + mod(made.h1, 5)]
    END,
    CASE WHEN made.defect = 9 THEN '  ' WHEN is_flat THEN mod(made.h3, 9) || 'º' END,
    CASE WHEN is_flat THEN chr(65 + mod(made.h2, 4)) END,
    CASE WHEN is_flat THEN (ARRAY['esq', 'dto', 'fte'])[1 + mod(made.h3, 3)] END
FROM made
CROSS JOIN LATERAL (SELECT mod(made.h2, 3) > 0 AS is_flat) AS kind;

INSERT INTO legacy.account (
    account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
    sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on, operations_team
)
SELECT
    made.key,
    made.account_number,
    'PT',
    'GEN',
    CASE WHEN made.is_business THEN 'BUS' ELSE 'DOM' END,
    ' ',
    made.key,
    'DIR',
    0,
    '00000000',
    '00000000',
    '00000000',
    CASE WHEN made.defect = 5 THEN 'Z' ELSE 'A' END
FROM made;

INSERT INTO legacy.account_role
SELECT
    person.key,
    person.party_id,
    'HLD',
    person.place + 1,
    CASE WHEN person.defect = 10 THEN '20260630' ELSE '99991231' END
FROM person;

INSERT INTO legacy.premise SELECT key, key FROM made;
INSERT INTO legacy.occupancy SELECT key, key, key, generator.day(moved_in), '99991231', ' ' FROM made;

-- Electricity, and gas for some.
INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag
)
SELECT
    made.pair + fuel,
    made.key,
    'PT',
    'GEN',
    CASE WHEN made.defect = 1 AND fuel = 0
        THEN left(cpe, 18) || translate(right(cpe, 2), 'TRWAGMYFPDXBNJZSQVHLCKE', 'RWAGMYFPDXBNJZSQVHLCKET')
        ELSE cpe
    END,
    (ARRAY['E', 'G'])[1 + fuel],
    ' ',
    ' '
FROM made
CROSS JOIN LATERAL generate_series(0, made.gas) AS fuel
CROSS JOIN LATERAL generator.cpe((ARRAY['0002', '1601'])[1 + fuel] || lpad(CAST(made.n AS text), 12, '0')) AS cpe;

INSERT INTO legacy.supply
SELECT
    made.key, made.pair + fuel, generator.day(made.moved_in),
    CASE WHEN made.has_successor THEN '20261231' ELSE '99991231' END
FROM made
CROSS JOIN LATERAL generate_series(0, made.gas) AS fuel;

INSERT INTO legacy.contract
SELECT
    3000000000000 + (made.n * 2 + fuel) * 2 + slice.place,
    made.key,
    made.pair + fuel,
    CASE WHEN made.defect = 11 AND slice.place = 1 AND fuel = 0 THEN 'PT-ELEC-OBSOLETE-19'
        ELSE (ARRAY['PT-ELEC', 'PT-GAS'])[1 + fuel] || slice.tariff
    END,
    slice.starts_on,
    slice.ends_on
FROM made
CROSS JOIN LATERAL generate_series(0, made.gas) AS fuel
CROSS JOIN LATERAL (SELECT DATE '2025-01-01' + mod(made.h2, 500) AS changed_on) AS change
CROSS JOIN LATERAL (VALUES
    (0, '-BASE', generator.day(made.moved_in), generator.day(
        change.changed_on - 1
        + CASE WHEN fuel = 1 THEN 0 WHEN made.defect = 3 THEN 10 WHEN made.defect = 4 THEN -10 ELSE 0 END)),
    (1, '-VERDE', generator.day(change.changed_on),
        CASE
            WHEN made.defect = 8 AND fuel = 0 THEN '00000000'
            WHEN made.has_successor THEN '20261231'
            WHEN made.defect = -1 AND mod(made.h1, 4) = 0 THEN generator.day(change.changed_on + 364)
            ELSE '99991231'
        END)
) AS slice (place, tariff, starts_on, ends_on);

CREATE TEMPORARY TABLE changed_hands ON COMMIT DROP AS
SELECT
    'PT' AS market, made.n, made.key AS account_id, made.key AS premise_id, made.key AS address_id,
    made.pair + fuel AS supply_point_id, (ARRAY['PT-ELEC', 'PT-GAS'])[1 + fuel] AS tariff, made.moved_in,
    DATE '2026-12-31' AS left_on, made.has_predecessor, made.has_successor
FROM made
CROSS JOIN LATERAL generate_series(0, made.gas) AS fuel
WHERE made.has_predecessor OR made.has_successor;
SELECT generator.add_neighbours();
