"""A client's small schema and dialect, its SQL, and what can be wrong with that."""

from __future__ import annotations

from typing import Final, Literal

from transforms.dialect import Column, Dialect, Frame, MoneySource
from transforms.models.base import Entity, Payload

KEY: Final = "external_identifier"
CUSTOMERS: Final = 40

SCHEMA: Final = """
CREATE SCHEMA client;
CREATE TABLE client.customer (number text PRIMARY KEY, padded char(12), blank text, class text,
    name text, opened_on text, balance numeric(12, 2), team text, labels text[], rough float8,
    odd text);
INSERT INTO client.customer
    SELECT 'C-' || lpad(n::text, 3, '0'), 'C-' || lpad(n::text, 3, '0'),
        'C-' || lpad(n::text, 3, '0') || '  ', 'DOM', 'SECRET-4711', '20200131', 1.50, 'T1',
        ARRAY['a'], 1.5, CASE n WHEN 7 THEN 'SECRET-4711' ELSE '20' END
    FROM generate_series(1, 40) AS n;
CREATE TABLE client.meter (number text, meter integer, digits integer, fuel text);
INSERT INTO client.meter
    SELECT number, side, 5, 'GAS' FROM client.customer, generate_series(1, 2) AS side;
CREATE TABLE client.history (number text, padded char(12), code text, value numeric(8, 2));
INSERT INTO client.history
    SELECT 'C-' || lpad(n::text, 3, '0'), 'C-' || lpad(n::text, 3, '0'), 'A', n
    FROM generate_series(1, 20000) AS n;
CREATE INDEX ON client.history (padded);
CREATE TABLE client.booking (mandt char(3), padded char(12), PRIMARY KEY (mandt, padded));
INSERT INTO client.booking
    SELECT CASE WHEN n <= 200 THEN '100' ELSE '200' END,
        'C-' || lpad(n::text, greatest(3, length(n::text)), '0')
    FROM generate_series(1, 20000) AS n;
ANALYZE client.customer, client.meter, client.history, client.booking;
CREATE TABLE client.closed (number text);
CREATE SCHEMA hidden;
CREATE TABLE hidden.customer (number text);
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'check_reader') THEN
    CREATE ROLE check_reader LOGIN PASSWORD 'of-the-tests'; END IF; END $$;
GRANT USAGE ON SCHEMA client TO check_reader;
GRANT SELECT ON client.customer, client.meter, client.history, client.booking TO check_reader;
"""


class Meter(Entity):
    """A meter of the client's."""

    digits: int | None = None
    fuel: Literal["GAS", "ELECTRICITY"] | None = None


class Account(Payload):
    """An account of the client's."""

    import_supplier: str
    external_identifier: str
    account_type: Literal["DOMESTIC", "BUSINESS"] | None = None
    name: str | None = None
    opened_on: str | None = None
    balance: str | None = None
    team: str | None = None
    labels: list[str] | None = None
    meters: list[Meter] | None = None


TOY = Dialect(
    name="toy",
    title="Toy",
    resource="accounts",
    market="PT",
    zone="UTC",
    identifier_path=(KEY,),
    default_import_supplier="X",
    model=Account,
    rules=lambda _: (),
    money=(MoneySource(currency="EUR", field="balance"),),
    default_values={"teams": {"T1": "Team 1"}},
    frames=(
        Frame(
            name="accounts",
            key=(KEY,),
            columns=(
                Column(
                    name="class",
                    field="account_type",
                    kind="code",
                    codes={"DOM": "DOMESTIC"},
                    meaning="A code.",
                ),
                Column(name="name", kind="text", required=True, meaning="A text."),
                Column(name="opened_on", kind="date", meaning="A day."),
                Column(name="balance", kind="money", meaning="An amount."),
                Column(name="team", kind="configured", setting="teams", meaning="A word of the client's."),
                Column(name="labels", kind="texts", meaning="A list."),
            ),
        ),
        Frame(
            name="meters",
            key=(KEY, "meter_key"),
            columns=(
                Column(name="digits", kind="integer", meaning="A number."),
                Column(name="fuel", kind="text", meaning="A closed list."),
            ),
            parent="accounts",
            target="meters",
            expected=True,
        ),
    ),
)

OF_BATCH = "WHERE c.number = ANY (CAST(:identifiers AS text[]))"
SQL = {
    "extract/toy/accounts": f"""SELECT
    c.number AS external_identifier,
    c.class,
    c.name,
    c.opened_on,
    c.balance,
    c.team,
    c.labels
FROM client.customer AS c
{OF_BATCH} ORDER BY c.number""",
    "extract/toy/meters": f"""SELECT
    c.number AS external_identifier,
    m.meter AS meter_key,
    m.digits,
    m.fuel
FROM client.customer AS c JOIN client.meter AS m ON m.number = c.number
{OF_BATCH} ORDER BY c.number""",
    "extract/toy/candidates": "SELECT c.number AS external_identifier FROM client.customer AS c\n"
    "WHERE c.number > coalesce(CAST(:after AS text), '') ORDER BY c.number LIMIT :row_limit",
    "extract/toy/existing": f"SELECT c.number AS external_identifier FROM client.customer AS c\n{OF_BATCH}",
    "reconcile/toy/balances": "SELECT c.number AS external_identifier, 'main' AS ledger, 'EUR' AS currency,\n"
    f"c.balance AS amount FROM client.customer AS c\n{OF_BATCH}",
    "plan/toy/candidates": "SELECT c.number AS external_identifier, c.class AS stratum,\n"
    "CAST(NULL AS text) AS exclusion FROM client.customer AS c",
    "plan/shared/all": "SELECT external_identifier, 0 AS priority, stratum, exclusion FROM candidate\n"
    "WHERE external_identifier > coalesce(CAST(:after AS text), '')\n"
    "ORDER BY external_identifier LIMIT :row_limit",
}

ACCOUNTS, METERS = "extract/toy/accounts", "extract/toy/meters"
CANDIDATES, EXISTING = "extract/toy/candidates", "extract/toy/existing"
BALANCES, PLANNED = "reconcile/toy/balances", "plan/toy/candidates"
E, W, N = "error", "warning", "note"

# The file, what is replaced in it and by what, and each finding: severity, code, and words of its sentence.
CASES: dict[str, tuple[str, str, str, list[tuple[str, str, str]]]] = {
    "a misspelt column": (
        ACCOUNTS,
        "c.class,",
        "c.class AS clas,",
        [(E, "missing_column", "does not deliver column class: add it, or rename clas, which")],
    ),
    "an additional column": (
        METERS,
        "m.fuel",
        "m.fuel, m.digits AS more",
        [(E, "unknown_column", "delivers column more, which nothing reads: declare it in columns.toml")],
    ),
    "a column twice": (
        METERS,
        "m.fuel",
        "m.fuel, m.fuel",
        [(E, "repeated_column", "delivers column fuel 2 times")],
    ),
    "parameters that there are not": (
        METERS,
        "m.fuel",
        "m.fuel || :todo || :other AS fuel",
        [
            (E, "unknown_parameter", "names :other in line 5,"),
            (E, "unknown_parameter", "names :todo in line 5,"),
        ],
    ),
    "no look at the customers": (
        METERS,
        OF_BATCH,
        "",
        [
            (
                E,
                "unread_parameter",
                r"meters\.sql does not look at :identifiers: it must select by :identifiers",
            )
        ],
    ),
    "syntax": (
        METERS,
        "m.digits,",
        "m.digits,,",
        [(E, "statement", r"meters\.sql, line 4, is not valid SQL")],
    ),
    "several wrong columns": (
        METERS,
        "m.digits,\n    m.fuel",
        "m.digit AS digits,\n    m.fuell AS fuel",
        [
            (E, "no_column", "reads column digit of client.meter, .*: digits may be meant"),
            (E, "no_column", "reads column fuell of client.meter, .*: fuel may be meant"),
        ],
    ),
    "a table that is not there": (
        METERS,
        "client.meter",
        "client.metre",
        [(E, "no_table", r"client.metre is not in the database: .* \(it stands in .*meters\.sql")],
    ),
    "a right that is missing": (
        EXISTING,
        "client.customer",
        "client.closed",
        [(E, "right", r"client.closed may not be read: GRANT SELECT ON client.closed")],
    ),
    "a schema that is closed": (
        EXISTING,
        "client.customer",
        "hidden.customer",
        [(E, "right", r"hidden.customer may not be read: GRANT USAGE ON SCHEMA hidden")],
    ),
    "float money": (
        ACCOUNTS,
        "c.balance",
        "c.rough AS balance",
        [(E, "wrong_type", "delivers column balance as float8, which cannot be exact")],
    ),
    "a number sent as text": (
        ACCOUNTS,
        "c.name",
        "c.balance AS name",
        [(W, "wrong_type", r'delivers column name as numeric, which sends 3 as "3.00"')],
    ),
    "json for a text": (
        ACCOUNTS,
        "c.name",
        "to_json(c.name) AS name",
        [(E, "wrong_type", "column name as json, where kind text")],
    ),
    "a list for a text": (
        ACCOUNTS,
        "c.name",
        "c.labels AS name",
        [(E, "wrong_type", "delivers column name as _text, a list, where kind text is one value")],
    ),
    "an unknown code in a column of codes": (
        ACCOUNTS,
        "c.class",
        "CASE WHEN c.number < 'C-003' THEN 'XXX' ELSE c.class END AS class",
        [(E, "unknown_code", r"accounts\.sql \(2 of 40 rows\): Column class holds the unknown code 'XXX'")],
    ),
    "the wrong column where codes belong": (
        ACCOUNTS,
        "c.class",
        "c.name || c.number AS class",
        [(E, "unknown_code", "column class 40 different values that are none of its codes and may be")],
    ),
    "a word that a closed list does not have": (
        METERS,
        "m.fuel",
        "CASE WHEN m.number = 'C-001' THEN 'COAL' ELSE m.fuel END AS fuel",
        [(N, "unlisted_value", r"\(2 of 80 rows\): Column fuel holds 'COAL', which the model's closed list")],
    ),
    "a day that does not exist": (
        ACCOUNTS,
        "c.opened_on",
        "'20200230' AS opened_on",
        [(E, "invalid_date", r"\(40 of 40 rows\): Column opened_on")],
    ),
    "a required value that is blank": (
        ACCOUNTS,
        "c.name",
        "nullif(c.name, c.name) AS name",
        [(E, "missing_value", r"\(40 of 40 rows\): Column name is empty")],
    ),
    "a value that cannot be cast": (
        METERS,
        "m.digits",
        "CAST((SELECT odd FROM client.customer o WHERE o.number = c.number) AS int) AS digits",
        [
            (N, "unreadable", r"meters\.sql meets a value .*; of 40 customers this is so for 1\."),
            (N, "missing_child", r"delivers no row for 1 of the 40 rows of frame accounts"),
        ],
    ),
    "a frame without a row": (
        METERS,
        OF_BATCH,
        f"{OF_BATCH} AND m.fuel = 'OIL'",
        [(W, "no_rows", "Frame meters has not one row for the 40 rows of")],
    ),
    "keys that are empty": (
        METERS,
        "m.meter AS meter_key",
        "nullif(m.meter, 2) AS meter_key",
        [(E, "empty_key", r"delivers rows \(40 of 80\) that have no meter_key, which is of their key")],
    ),
    "keys that come twice": (
        METERS,
        "m.meter AS meter_key",
        "1 AS meter_key",
        [
            (
                E,
                "repeated_key",
                r"delivers rows \(40 of 80\) that repeat the key external_identifier, meter_key",
            )
        ],
    ),
    "parents that a join leaves without what each needs": (
        METERS,
        "ON m.number = c.number",
        "ON m.number = c.number AND c.number > 'C-010'",
        [(W, "missing_child", r"meters\.sql delivers no row for 10 of the 40 rows of frame accounts")],
    ),
    "rows of other customers": (
        METERS,
        "c.number AS external_identifier",
        "c.number || '9' AS external_identifier",
        [
            (E, "stranger", r"delivers rows \(80 of 80\) that are of customers that it was not asked for"),
            (W, "missing_child", r"delivers no row for 40 of the 40 rows of frame accounts"),
        ],
    ),
    "rows without their parent": (
        ACCOUNTS,
        OF_BATCH,
        f"{OF_BATCH} AND c.number > 'C-010'",
        [
            (E, "missing_customer", r"accounts\.sql delivers no row for 10 of the 40 customers"),
            (E, "orphan", r"delivers rows \(20 of 80\) that belong to no row of frame accounts"),
        ],
    ),
    "a key that is a number": (
        ACCOUNTS,
        "c.number AS external_identifier",
        "5 AS external_identifier",
        [(E, "wrong_type", "delivers column external_identifier as int4, which must be a text")],
    ),
    "candidates that ignore where they are": (
        CANDIDATES,
        "c.number > coalesce(CAST(:after AS text), '')",
        "c.number <> '' OR :after = ''",
        [(E, "candidate_order", "delivers customers again that it has delivered before")],
    ),
    "candidates that descend": (
        CANDIDATES,
        "ORDER BY c.number",
        "ORDER BY c.number DESC",
        [(E, "candidate_order", "again|in ascending order")],
    ),
    "candidates without order": (CANDIDATES, "ORDER BY c.number", "", [(E, "no_order", "has no ORDER BY")]),
    "candidates without limit": (
        CANDIDATES,
        "LIMIT :row_limit",
        "",
        [
            (E, "unread_parameter", "does not look at :row_limit: it could not be read page by page"),
            (W, "no_customers", "No row was looked at, since .*candidates.sql cannot be used: mend it first"),
        ],
    ),
    "candidates with blanks in their keys": (
        CANDIDATES,
        "SELECT c.number",
        "SELECT c.blank",
        [
            (E, "padded_key", r"delivers keys \(40 of 40\) with blanks around them"),
        ],
    ),
    "candidates whose key is a number": (
        CANDIDATES,
        "SELECT c.number",
        "SELECT 5",
        [
            (E, "candidate_order", "external_identifier that is not a text: write CAST"),
            (W, "no_customers", "No row was looked at, since .*candidates.sql cannot be used: mend it first"),
        ],
    ),
    "no candidates": (
        CANDIDATES,
        "WHERE",
        "WHERE false AND",
        [(E, "no_customers", "No row was looked at, since .*candidates.sql selects no")],
    ),
    "candidates who do not exist": (
        EXISTING,
        OF_BATCH,
        f"{OF_BATCH} AND c.number > 'C-010'",
        [
            (E, "not_existing", r"does not know 10 of the 40 customers that .*extract/toy/cand"),
            (E, "not_existing", r"does not know 10 of the 40 customers that .*plan/toy/cand"),
        ],
    ),
    "existing customers that were not asked for": (
        EXISTING,
        OF_BATCH,
        "WHERE c.number <> '' OR c.number = ANY (CAST(:identifiers AS text[]))",
        [(E, "stranger", r"existing\.sql returns customers that it was not asked for")],
    ),
    "a constant in place of the customers": (
        ACCOUNTS,
        "c.number AS external_identifier",
        "'x' AS external_identifier",
        [(E, "constant_key", r"accounts\.sql delivers the same external_identifier for every customer")],
    ),
    "a constant in place of the customers who may be planned": (
        PLANNED,
        "c.number AS external_identifier",
        "'x' AS external_identifier",
        [
            (E, "constant_key", r"plan/toy/candidates\.sql delivers the same external_identifier for every"),
            (W, "not_planned", "so that no cohort has them: make sure"),
        ],
    ),
    "candidates who cannot be planned": (
        PLANNED,
        "AS c",
        "AS c WHERE c.number > 'C-010'",
        [(W, "not_planned", r"plan/toy/candidates\.sql leaves out 10 of the 40 customers that")],
    ),
    "planning without its columns": (
        PLANNED,
        "AS stratum",
        "AS strata",
        [
            (E, "missing_column", "does not deliver column stratum: add it, or rename strata"),
            (E, "rule", r"all\.sql|stratum"),
        ],
    ),
    "a rule that does not work": (
        "plan/shared/all",
        "0 AS priority",
        "'0' AS priority",
        [(E, "rule", "must deliver priority as a whole number")],
    ),
    "balances that are floats": (
        BALANCES,
        "c.balance AS amount",
        "c.rough AS amount",
        [
            (E, "wrong_type", "delivers column amount as float8"),
            (E, "no_amount", r"\(40 of 40\) that have an amount"),
        ],
    ),
    "balances without a column": (
        BALANCES,
        "AS currency",
        "AS curency",
        [(E, "missing_column", "column currency: add it, or rename curency")],
    ),
    "no balances": (
        BALANCES,
        OF_BATCH,
        f"{OF_BATCH} AND false",
        [(W, "no_rows", "has not one balance for 40 customers")],
    ),
    "a big table without an index": (
        METERS,
        "m.fuel",
        "(SELECT min('GAS') FROM client.history AS h WHERE h.number = c.number) AS fuel",
        [(W, "whole_table", r"meters\.sql reads all of client.history \(20,000 rows\) for each batch: give")],
    ),
    "CHAR keys that are compared with text": (
        METERS,
        OF_BATCH,
        "JOIN client.history AS h ON h.number = c.number WHERE h.padded = ANY (CAST(:identifiers AS text[]))",
        [
            (
                W,
                "char_key",
                r"compares padded of client.history, a CHAR column, with text, which no index serves",
            )
        ],
    ),
    "CHAR keys behind another column of an index": (
        METERS,
        OF_BATCH,
        "JOIN client.booking AS b ON b.mandt = '100' AND b.padded = c.padded "
        "WHERE b.padded = ANY (CAST(:identifiers AS text[]))",
        [(W, "char_key", r"compares padded of client.booking, a CHAR column, with text, which no index")],
    ),
    "a statement that cannot be traced": (
        METERS,
        "m.digits",
        "digits",
        [(W, "untraceable", r"meters\.sql cannot be traced to legacy columns, .*: column digits")],
    ),
    "a file that is empty": (
        METERS,
        SQL[METERS],
        "-- later",
        [(E, "empty", r"meters\.sql is empty: it must be one SELECT")],
    ),
    "a statement that writes": (
        EXISTING,
        SQL[EXISTING],
        "WITH a AS (DELETE FROM client.meter WHERE number = ANY (CAST(:identifiers AS text[]))"
        " RETURNING number)"
        " SELECT number FROM a",
        [(E, "right|statement", "tries to write|needs a right")],
    ),
}
