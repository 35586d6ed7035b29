-- The tables of an SAP IS-U that the mapping reads, cut down to the columns that it needs, with their types: keys
-- and dates are CHAR, and each table has its client (MANDT) first. Then a role that may only read them.

CREATE SCHEMA sap;
COMMENT ON SCHEMA sap IS 'An excerpt of SAP IS-U, with invented data.';

-- People and companies.
CREATE TABLE sap.but000 (
    mandt char(3), partner char(10), type char(1), name_first char(40), name_last char(40), name_org1 char(40),
    xdele char(1), PRIMARY KEY (mandt, partner)
);
CREATE TABLE sap.but020 (
    mandt char(3), partner char(10), addrnumber char(10), addr_valid_to numeric(15), PRIMARY KEY (mandt, partner, addrnumber)
);
CREATE TABLE sap.dfkkbptaxnum (
    mandt char(3), partner char(10), taxtype char(4), taxnum char(20), PRIMARY KEY (mandt, partner, taxtype)
);

-- Addresses with their telephones (R3_USER: 1 fixed, 3 mobile) and e-mail addresses.
CREATE TABLE sap.adrc (
    client char(3), addrnumber char(10), date_from char(8), nation char(1), city1 char(40), post_code1 char(10),
    street char(60), house_num1 char(10), floor char(10), roomnumber char(10), country char(3),
    PRIMARY KEY (client, addrnumber, date_from, nation)
);
CREATE TABLE sap.adr2 (
    client char(3), addrnumber char(10), consnumber char(3), tel_number char(30), r3_user char(1),
    PRIMARY KEY (client, addrnumber, consnumber)
);
CREATE TABLE sap.adr6 (
    client char(3), addrnumber char(10), consnumber char(3), smtp_addr char(241),
    PRIMARY KEY (client, addrnumber, consnumber)
);

-- Contract accounts with their holder; ZZTEAM is a field of the utility's own.
CREATE TABLE sap.fkkvkp (
    mandt char(3), vkont char(12), gpart char(10), kofiz_sd char(2), zzteam char(2), loevm char(1),
    PRIMARY KEY (mandt, vkont)
);

-- Premises: the object they are in, its functional location, and the address of that.
CREATE TABLE sap.evbs (mandt char(3), vstelle char(10), haus char(30), PRIMARY KEY (mandt, vstelle));
CREATE TABLE sap.iflot (mandt char(3), tplnr char(30), iloan char(12), PRIMARY KEY (mandt, tplnr));
CREATE TABLE sap.iloa (mandt char(3), iloan char(12), adrnr char(10), PRIMARY KEY (mandt, iloan));

-- Installations (SPARTE: 01 electricity, 02 gas), their time slices with the tariff, and their points of delivery.
CREATE TABLE sap.eanl (mandt char(3), anlage char(10), sparte char(2), vstelle char(10), PRIMARY KEY (mandt, anlage));
CREATE TABLE sap.eanlh (
    mandt char(3), anlage char(10), bis char(8), ab char(8), tariftyp char(10), PRIMARY KEY (mandt, anlage, bis)
);
CREATE TABLE sap.euiinstln (
    mandt char(3), anlage char(10), int_ui char(22), dateto char(8), PRIMARY KEY (mandt, anlage, int_ui, dateto)
);
CREATE TABLE sap.euitrans (
    mandt char(3), int_ui char(22), ext_ui char(50), dateto char(8), PRIMARY KEY (mandt, int_ui, dateto)
);

-- Contracts: an installation, the account that pays for it, and the days of moving in and out.
CREATE TABLE sap.ever (
    mandt char(3), vertrag char(10), anlage char(10), vkonto char(12), einzdat char(8), auszdat char(8),
    loevm char(1), PRIMARY KEY (mandt, vertrag)
);
CREATE INDEX ON sap.ever (mandt, vkonto);

-- Registers of installations and devices.
CREATE TABLE sap.eastl (
    mandt char(3), anlage char(10), logikzw char(18), bis char(8), PRIMARY KEY (mandt, anlage, logikzw, bis)
);
CREATE TABLE sap.etdz (
    mandt char(3), equnr char(18), zwnummer char(3), logikzw char(18), bis char(8),
    PRIMARY KEY (mandt, equnr, zwnummer, bis)
);
CREATE INDEX ON sap.etdz (mandt, logikzw);

-- Bills (STOKZ: reversed), and open items (AUGST: 9 is cleared; MANSP: why dunning is blocked, D for a dispute).
CREATE TABLE sap.erdk (
    mandt char(3), opbel char(12), vkont char(12), budat char(8), stokz char(1), PRIMARY KEY (mandt, opbel)
);
CREATE INDEX ON sap.erdk (mandt, vkont);
CREATE TABLE sap.dfkkop (
    mandt char(3), opbel char(12), opupk char(4), vkont char(12), faedn char(8), betrw numeric(13, 2),
    augst char(1), mansp char(1), PRIMARY KEY (mandt, opbel, opupk)
);
CREATE INDEX ON sap.dfkkop (mandt, vkont);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sap_reader') THEN
        CREATE ROLE sap_reader LOGIN PASSWORD 'only-reads';
    END IF;
END $$;
GRANT USAGE ON SCHEMA sap TO sap_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA sap TO sap_reader;
