-- 500 invented customers, each 25th of them dirty in a way of its own, and 50 who have moved out. Everything
-- follows from the customer's number: loaded again, the data is the same.

CREATE TEMPORARY TABLE made AS
SELECT
    n,
    CASE WHEN mod(n, 25) = 0 THEN n / 25 ELSE 0 END AS dirt,
    CAST('PT' || lpad(CAST(n AS text), 8, '0') AS char(12)) AS vkont,
    CAST('1' || lpad(CAST(n AS text), 8, '0') AS char(10)) AS partner,
    CAST('2' || lpad(CAST(n AS text), 8, '0') AS char(10)) AS partner_address,
    CAST('3' || lpad(CAST(n AS text), 8, '0') AS char(10)) AS premise_address,
    CAST('4' || lpad(CAST(n AS text), 8, '0') AS char(10)) AS vstelle,
    to_char(DATE '2015-01-01' + mod(n * 37, 3000), 'YYYYMMDD') AS moved_in,
    mod(n, 12) = 0 AS is_company,
    CASE WHEN mod(n, 3) = 0 THEN 1 ELSE 0 END AS gas
FROM generate_series(1, 500) AS n;

-- Each supply of a customer: electricity, and for some gas.
CREATE TEMPORARY TABLE supplied AS
SELECT
    made.*,
    fuel,
    CAST('5' || lpad(CAST(made.n * 2 + fuel AS text), 8, '0') AS char(10)) AS anlage,
    lpad(to_hex(made.n * 2 + fuel), 20, '0') AS int_ui,
    to_char(DATE '2024-01-01' + mod(made.n * 11, 600), 'YYYYMMDD') AS changed_on,
    (ARRAY['0002', '1601'])[1 + fuel] || lpad(CAST(made.n AS text), 12, '0') AS digits
FROM made
CROSS JOIN LATERAL generate_series(0, made.gas) AS fuel;

INSERT INTO sap.but000
SELECT
    '100',
    partner,
    CASE WHEN is_company THEN '2' ELSE '1' END,
    CASE WHEN NOT is_company
        THEN (ARRAY['Ana', 'Rui', 'Inês', 'João', 'Marta', 'Tiago', 'Sofia', 'Pedro'])[1 + mod(n, 8)]
    END,
    CASE
        WHEN is_company THEN NULL
        WHEN dirt = 15 THEN 'ConceiÃ§Ã£o'
        ELSE (ARRAY['Silva', 'Santos', 'Ferreira', 'Pereira', 'Costa', 'Gonçalves', 'Lopes'])[1 + mod(n * 3, 7)]
            || ' ' || (ARRAY['Almeida', 'Ribeiro', 'Pinto', 'Carvalho', 'Teixeira'])[1 + mod(n, 5)]
    END,
    CASE WHEN is_company THEN 'Padaria ' || n || ' Lda' END,
    ''
FROM made
WHERE dirt <> 18;

INSERT INTO sap.but020 SELECT '100', partner, partner_address, 99991231235959 FROM made;

-- The check digit of a NIF: 9 to 2 times its digits, and what is missing to a multiple of 11.
INSERT INTO sap.dfkkbptaxnum
SELECT
    '100',
    made.partner,
    'PT1',
    base.digits || mod(
        CASE WHEN base.rest < 2 THEN 0 ELSE 11 - base.rest END + CASE WHEN made.dirt = 13 THEN 1 ELSE 0 END, 10
    )
FROM made
CROSS JOIN LATERAL (
    SELECT
        stem.digits,
        mod(sum((10 - place) * CAST(substr(stem.digits, CAST(place AS integer), 1) AS integer)), 11) AS rest
    FROM (SELECT CASE WHEN made.is_company THEN '5' ELSE '2' END || lpad(CAST(made.n * 7 AS text), 7, '0') AS digits) AS stem
    CROSS JOIN generate_series(1, 8) AS place
    GROUP BY stem.digits
) AS base;

-- The addresses of people hold how they are reached, those of premises where they are.
INSERT INTO sap.adr2
SELECT
    '100',
    partner_address,
    '001',
    CASE dirt WHEN 6 THEN 'NAO TEM' WHEN 7 THEN '91' ELSE '91' || lpad(CAST(2000000 + n AS text), 7, '0') END,
    '3'
FROM made
UNION ALL
SELECT '100', partner_address, '002', '21' || lpad(CAST(3000000 + n AS text), 7, '0'), '1' FROM made WHERE mod(n, 4) = 1;

INSERT INTO sap.adr6
SELECT
    '100',
    partner_address,
    '001',
    CASE dirt
        WHEN 8 THEN 'sem-arroba.example.com'
        WHEN 9 THEN 'cliente1@mail.example.com'
        ELSE 'cliente' || n || '@mail.example.com'
    END
FROM made;

INSERT INTO sap.adrc
SELECT
    '100',
    premise_address,
    '00010101',
    '',
    (ARRAY['Lisboa', 'Porto', 'Braga', 'Coimbra', 'Faro'])[1 + mod(n, 5)],
    (ARRAY['1000', '4000', '4700', '3000', '8000'])[1 + mod(n, 5)]
        || CASE WHEN dirt = 14 THEN '' ELSE '-' END || lpad(CAST(1 + mod(n, 900) AS text), 3, '0'),
    (ARRAY['R das Flores', 'AV da Liberdade', 'TV do Carmo', 'LG da Estação'])[1 + mod(n, 4)],
    CAST(1 + mod(n, 200) AS text),
    CASE WHEN mod(n, 2) = 0 THEN mod(n, 9) || 'º' END,
    CASE WHEN mod(n, 2) = 0 THEN (ARRAY['esq', 'dto'])[1 + mod(n, 2)] END,
    'PT'
FROM made
WHERE dirt <> 19;

INSERT INTO sap.fkkvkp
SELECT
    '100',
    vkont,
    partner,
    CASE WHEN dirt = 1 THEN '09' WHEN is_company THEN '02' ELSE '01' END,
    CASE WHEN dirt = 3 THEN 'Z9' WHEN mod(n, 2) = 0 THEN 'N1' ELSE 'S1' END,
    ''
FROM made;

INSERT INTO sap.evbs SELECT '100', vstelle, 'CASA-' || n FROM made;
INSERT INTO sap.iflot SELECT '100', 'CASA-' || n, 'LOC' || n FROM made;
INSERT INTO sap.iloa SELECT '100', 'LOC' || n, premise_address FROM made;

INSERT INTO sap.eanl SELECT '100', anlage, (ARRAY['01', '02'])[1 + fuel], vstelle FROM supplied;

-- The tariff changed once. Who moved in later has the second one alone.
INSERT INTO sap.eanlh
SELECT
    '100',
    supplied.anlage,
    slice.bis,
    slice.ab,
    CASE WHEN supplied.dirt = 2 AND slice.place = 2 THEN 'PILOTO'
        ELSE (ARRAY['ELE', 'GAS'])[1 + supplied.fuel] || CASE slice.place WHEN 1 THEN 'BASE' ELSE 'VERDE' END
    END
FROM supplied
CROSS JOIN LATERAL (VALUES
    (1, '20100101', to_char(to_date(supplied.changed_on, 'YYYYMMDD') - 1 + CASE
        WHEN supplied.fuel = 0 AND supplied.dirt = 16 THEN 10
        WHEN supplied.fuel = 0 AND supplied.dirt = 17 THEN -10
        ELSE 0
    END, 'YYYYMMDD')),
    (2, supplied.changed_on, '99991231')
) AS slice (place, ab, bis);

INSERT INTO sap.euiinstln SELECT '100', anlage, int_ui, '99991231' FROM supplied;
-- A point's number ends in two letters that check its digits.
INSERT INTO sap.euitrans
SELECT
    '100',
    supplied.int_ui,
    CASE
        WHEN supplied.fuel = 0 AND supplied.dirt = 10 THEN left(point.number, 18) || 'ZZ'
        WHEN supplied.fuel = 0 AND supplied.dirt = 11 THEN ''
        ELSE point.number
    END,
    '99991231'
FROM supplied
CROSS JOIN LATERAL (
    SELECT CASE WHEN supplied.fuel = 0 AND supplied.dirt = 12 THEN '0002000000000002' ELSE supplied.digits END AS digits
) AS own
CROSS JOIN LATERAL (SELECT CAST(mod(CAST(own.digits AS bigint), 529) AS integer) AS rest) AS checked
CROSS JOIN LATERAL (
    SELECT 'PT' || own.digits || substr('TRWAGMYFPDXBNJZSQVHLCKE', 1 + checked.rest / 23, 1)
        || substr('TRWAGMYFPDXBNJZSQVHLCKE', 1 + mod(checked.rest, 23), 1) AS number
) AS point;

INSERT INTO sap.ever
SELECT
    '100',
    '6' || lpad(CAST(n * 2 + fuel AS text), 8, '0'),
    anlage,
    vkont,
    CASE WHEN fuel > 0 THEN moved_in WHEN dirt = 4 THEN '00000000' WHEN dirt = 5 THEN '20230230' ELSE moved_in END,
    '99991231',
    ''
FROM supplied
UNION ALL
-- Two contracts that both go on at one installation.
SELECT '100', '69' || lpad(CAST(n AS text), 7, '0'), anlage, vkont, moved_in, '99991231', ''
FROM supplied
WHERE dirt = 20 AND fuel = 0;

INSERT INTO sap.eastl SELECT '100', anlage, 'Z' || int_ui, '99991231' FROM (SELECT anlage, right(int_ui, 16) AS int_ui FROM supplied) AS each;
INSERT INTO sap.etdz
SELECT '100', 'E' || right(int_ui, 16), '001', 'Z' || right(int_ui, 16), '99991231' FROM supplied;

INSERT INTO sap.erdk SELECT '100', '7' || lpad(CAST(n AS text), 8, '0'), vkont, '20260315', '' FROM made;
INSERT INTO sap.dfkkop
SELECT
    '100', '8' || lpad(CAST(n AS text), 8, '0'), '0001', vkont, '20260415', 20 + mod(n * 13, 90),
    CASE WHEN mod(n, 10) = 1 THEN '' ELSE '9' END,
    CASE WHEN mod(n, 50) = 1 THEN 'D' ELSE '' END
FROM made;

-- Who lived there before some of them, and has moved out: nothing of theirs may reach a payload.
INSERT INTO sap.but000
SELECT '100', '9' || lpad(CAST(n AS text), 8, '0'), '1', 'Antes', 'Morador', NULL, '' FROM made WHERE mod(n, 10) = 3;
INSERT INTO sap.fkkvkp
SELECT '100', 'PT9' || lpad(CAST(n AS text), 7, '0'), '9' || lpad(CAST(n AS text), 8, '0'), '01', 'N1', ''
FROM made
WHERE mod(n, 10) = 3;
INSERT INTO sap.ever
SELECT
    '100', '68' || lpad(CAST(n AS text), 7, '0'), anlage, 'PT9' || lpad(CAST(n AS text), 7, '0'), '20120101',
    to_char(to_date(moved_in, 'YYYYMMDD') - 1, 'YYYYMMDD'), ''
FROM supplied
WHERE mod(n, 10) = 3 AND fuel = 0;

-- Another client of the same system, for training: it holds the same keys.
INSERT INTO sap.fkkvkp SELECT '200', vkont, partner, '01', 'N1', '' FROM made WHERE n <= 20;
INSERT INTO sap.but000 SELECT '200', partner, '1', 'Treino', 'Treino', NULL, '' FROM made WHERE n <= 20;
INSERT INTO sap.ever
SELECT '200', '6' || lpad(CAST(n * 2 AS text), 8, '0'), anlage, vkont, '20200101', '99991231', '' FROM supplied
WHERE n <= 20 AND fuel = 0;

DROP TABLE supplied, made;
ANALYZE;
