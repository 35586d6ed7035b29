-- What the generators of all markets share. Everything follows from the seed and the customer's number, so
-- that customer n is the same whatever the total, and whenever it is made.

CREATE SCHEMA generator;
COMMENT ON SCHEMA generator IS 'What the generator knows of its customers. The pipeline never reads it.';

CREATE TABLE generator.mark (relation text PRIMARY KEY);
COMMENT ON TABLE generator.mark IS
    'The tables and views that the generator made. Schemas that hold anything else are never dropped.';

CREATE TABLE generator.expected_outcome (
    dialect             text NOT NULL,
    external_identifier text NOT NULL,
    defect              text NOT NULL,
    expected_state      text NOT NULL,
    expected_code       text,
    expected_path       text,
    expected_warning    text,
    PRIMARY KEY (dialect, external_identifier)
);
COMMENT ON TABLE generator.expected_outcome IS
    'Customers that are broken on purpose, and how they must end. All others must end processed.';

CREATE TABLE generator.generated (
    dialect             text NOT NULL,
    first               bigint NOT NULL,
    last                bigint NOT NULL
);
COMMENT ON TABLE generator.generated IS 'Which customers there are, by the numbers of their first and last.';

CREATE FUNCTION generator.h(seed bigint, n bigint, salt integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CAST(hashint8extended(n, seed * 1009 + salt) & 2147483647 AS integer);
COMMENT ON FUNCTION generator.h IS 'A number that looks random and is always the same.';

CREATE FUNCTION generator.mpan(body text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN body || mod(mod(
        3 * CAST(substr(body, 1, 1) AS integer) + 5 * CAST(substr(body, 2, 1) AS integer)
        + 7 * CAST(substr(body, 3, 1) AS integer) + 13 * CAST(substr(body, 4, 1) AS integer)
        + 17 * CAST(substr(body, 5, 1) AS integer) + 19 * CAST(substr(body, 6, 1) AS integer)
        + 23 * CAST(substr(body, 7, 1) AS integer) + 29 * CAST(substr(body, 8, 1) AS integer)
        + 31 * CAST(substr(body, 9, 1) AS integer) + 37 * CAST(substr(body, 10, 1) AS integer)
        + 41 * CAST(substr(body, 11, 1) AS integer) + 43 * CAST(substr(body, 12, 1) AS integer),
        11), 10);
COMMENT ON FUNCTION generator.mpan IS 'Twelve digits with the check digit of an MPAN.';

CREATE FUNCTION generator.mprn(body text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN body || lpad(CAST(mod(
        8 * CAST(substr(body, 1, 1) AS integer) + 7 * CAST(substr(body, 2, 1) AS integer)
        + 6 * CAST(substr(body, 3, 1) AS integer) + 5 * CAST(substr(body, 4, 1) AS integer)
        + 4 * CAST(substr(body, 5, 1) AS integer) + 3 * CAST(substr(body, 6, 1) AS integer)
        + 2 * CAST(substr(body, 7, 1) AS integer) + CAST(substr(body, 8, 1) AS integer),
        11) AS text), 2, '0');
COMMENT ON FUNCTION generator.mprn IS 'Eight digits with the two check digits of an MPRN.';

CREATE FUNCTION generator.nmi_check_digit(nmi text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT mod(10 - mod(sum(CAST(digit AS integer)), 10), 10)
        FROM generate_series(1, length(nmi)) AS place
        CROSS JOIN LATERAL (
            SELECT ascii(substr(nmi, length(nmi) + 1 - place, 1)) * (1 + mod(place, 2)) AS value
        ) AS weighted
        CROSS JOIN LATERAL regexp_split_to_table(CAST(weighted.value AS text), '') AS digit
    );
COMMENT ON FUNCTION generator.nmi_check_digit IS 'The check digit that AEMO defines for an NMI.';

CREATE FUNCTION generator.cpe(body text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT 'PT' || body || substr(letters, 1 + rest / 23, 1) || substr(letters, 1 + mod(rest, 23), 1)
        FROM (
            SELECT CAST(mod(CAST(body AS bigint), 529) AS integer) AS rest, 'TRWAGMYFPDXBNJZSQVHLCKE' AS letters
        ) AS checked
    );
COMMENT ON FUNCTION generator.cpe IS 'Sixteen digits as a CPE or CUI, with the two letters that check them.';

CREATE FUNCTION generator.nif(body text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN body || (
        SELECT mod(mod(11 - mod(sum((10 - place) * CAST(substr(body, place, 1) AS integer)), 11), 11), 10)
        FROM generate_series(1, 8) AS place
    );
COMMENT ON FUNCTION generator.nif IS 'Eight digits with the check digit of a NIF.';

CREATE FUNCTION generator.day(value date) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(value, 'YYYYMMDD');

CREATE TABLE generator.vocabulary (kind text PRIMARY KEY, words text[] NOT NULL);
INSERT INTO generator.vocabulary VALUES
    ('first_name', ARRAY['Olivia', 'Amelia', 'Isla', 'Ava', 'Zoë', 'Siân', 'Niamh', 'Chloé', 'Grace', 'Freya',
        'George', 'Arthur', 'Noah', 'Muhammad', 'Léon', 'Oscar', 'Harry', 'Archie', 'Jack', 'Henry', 'Aisha',
        'Priya', 'Małgorzata', 'Søren', 'Renée', 'José', 'Mei', 'Kwame', 'Ngozi', 'Ruairí', 'Björn']),
    ('last_name', ARRAY['Smith', 'Jones', 'Taylor', 'Brown', 'Williams', 'O''Connor', 'D''Souza', 'Evans',
        'Thomas', 'Roberts', 'Walker', 'Wright', 'Robinson', 'Thompson', 'Khan', 'Patel', 'Singh',
        'McDonald', 'Müller', 'García', 'Nowak', 'Lewandowski', 'Nguyễn', 'Okafor', 'Fitzgerald',
        'St John', 'Barrington-Smythe', 'Hughes', 'Edwards']),
    ('street', ARRAY['High Street', 'Station Road', 'Main Street', 'Church Lane', 'Victoria Road',
        'Green Lane', 'Manor Road', 'Queen''s Road', 'Kingsway', 'The Crescent', 'Mill Lane', 'Park Avenue']),
    ('town', ARRAY['Leeds', 'Bristol', 'Brighton', 'Norwich', 'Exeter', 'York', 'Cardiff', 'Dundee', 'Derby',
        'Stoke-on-Trent', 'Newcastle upon Tyne', 'Bury St Edmunds']),
    ('postcode_area', ARRAY['LS', 'BS', 'BN', 'NR', 'EX', 'YO', 'CF', 'DD', 'DE', 'ST', 'NE', 'IP']),
    ('au_street', ARRAY['George', 'Victoria', 'Albert', 'O''Connell', 'Wattle', 'Banksia', 'Railway', 'Macquarie']),
    ('au_locality', ARRAY['DUBBO', 'ORANGE', 'TAMWORTH', 'MOREE', 'BROKEN HILL', 'LISMORE', 'WAGGA WAGGA']),
    ('au_postcode', ARRAY['2830', '2800', '2340', '2400', '2880', '2480', '2650']),
    ('us_street', ARRAY['Main St', 'Washington St', 'Beacon Ave', 'Elm St', 'Pleasant St', 'Summer St', 'Winthrop Ave',
        'Ocean Blvd', 'School St', 'Peter''s Ln', 'Highland Ave', 'Mill Rd']),
    ('us_city', ARRAY['Quincy', 'Brockton', 'Malden', 'Revere', 'Medford', 'Everett', 'Weymouth', 'Attleboro',
        'Fall River', 'Nantucket']),
    ('us_zip', ARRAY['02169', '02301', '02148', '02151', '02155', '02149', '02188', '02703', '02720', '02554']),
    ('us_area_code', ARRAY['617', '508', '401', '518', '781', '978']);

INSERT INTO generator.vocabulary VALUES
    ('pt_first_name', ARRAY['João', 'Inês', 'António', 'Conceição', 'José', 'Lúcia', 'Tomás', 'Beatriz', 'Duarte',
        'Mafalda', 'Gonçalo', 'Leonor', 'Rui', 'Assunção', 'Simão', 'Matilde', 'Nuno', 'Graça', 'Sebastião']),
    ('pt_last_name', ARRAY['Silva', 'Conceição', 'Araújo', 'Magalhães', 'Gonçalves', 'Simões', 'Antunes', 'Brandão',
        'Falcão', 'Mourão', 'Sá', 'Vilaça', 'Quintão', 'Pinheiro', 'Leitão', 'Guimarães', 'dos Santos', 'Abreu']),
    ('pt_street_type', ARRAY['R', 'AV', 'TV', 'LG', 'PÇ']),
    ('pt_street', ARRAY['da Conceição', 'de São Bento', 'do Comércio', 'dos Fanqueiros', 'António José de Almeida',
        '25 de Abril', 'da República', 'Luís de Camões', 'das Amoreiras', 'Infante D. Henrique', 'do Sol ao Rato']),
    ('pt_town', ARRAY['Lisboa', 'Porto', 'Évora', 'Setúbal', 'Guimarães', 'Santarém', 'Bragança', 'Portimão']),
    ('pt_postcode', ARRAY['1100', '4050', '7000', '2900', '4800', '2000', '5300', '8500']);

INSERT INTO legacy.tariff VALUES
    ('ELEC-FIX-12M-26', 'E', 'Fixed for a year'), ('ELEC-SVT', 'E', 'Standard variable'),
    ('ELEC-EXPORT-26', 'E', 'What an export is paid for'),
    ('GAS-FIX-12M-26', 'G', 'Fixed for a year'), ('GAS-SVT', 'G', 'Standard variable'),
    ('R1', 'E', 'Residential'), ('R2', 'E', 'Residential, low income'), ('R4', 'E', 'Residential, time of use'),
    ('G1', 'E', 'Small business');
INSERT INTO legacy.tariff VALUES
    ('PT-ELEC-BASE', 'E', 'Electricity, base'), ('PT-ELEC-VERDE', 'E', 'Electricity from renewables'),
    ('PT-GAS-BASE', 'G', 'Gas, base'), ('PT-GAS-VERDE', 'G', 'Gas with its carbon offset');
-- Of customers who begin after the migration.
INSERT INTO legacy.tariff VALUES
    ('ELEC-FIX-24M-27', 'E', 'Fixed for two years'), ('GAS-FIX-24M-27', 'G', 'Fixed for two years'),
    ('R1-FIX-24M-27', 'E', 'Residential, fixed for two years'),
    ('PT-ELEC-FIX-24M-27', 'E', 'Electricity, fixed for two years'),
    ('PT-GAS-FIX-24M-27', 'G', 'Gas, fixed for two years');
