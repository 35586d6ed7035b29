"""The legacy database: the guides' customers, and a generator that knows what it does."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
import pytest
from email_validator import validate_email
from mpan import MPAN
from nmicheck import nmi_checksum, nmi_checksum_valid
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool
from stdnum.es import cups
from stdnum.pt import nif

from kraken_import.generator import load
from kraken_import.generator.values import configured_values
from tests.conftest import NewDatabase
from tests.integration.generator.conftest import CUSTOMERS
from tests.samples import TODAY, as_frames, day_of, expected_payload, identifier_of, sample_rows
from transforms.build import BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, existing_identifiers, extract, frame_sql
from transforms.registry import get_dialect

# Filling a database takes as long as all that is asked of it.
pytestmark = pytest.mark.xdist_group("generator")

DIALECTS = [get_dialect(name=name) for name in load.generated_dialects()]
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def _url(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg2://", 1)


def _documents(engine: Engine, dialect: Dialect) -> list[dict[str, Any]]:
    identifiers = candidate_identifiers(engine=engine, dialect=dialect, after=None, limit=10_000)
    extracted = extract(engine=engine, dialect=dialect, identifiers=identifiers)
    result = build(
        dialect=dialect,
        frames=extracted.frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    assert len(result.payloads) + len(result.rejections) == len(identifiers)
    return [json.loads(payload.body) for payload in result.payloads]


@each_dialect
def test_the_guides_customer_becomes_the_guides_payload(filled: Engine, dialect: Dialect) -> None:
    identifier = identifier_of(dialect=dialect)
    before = datetime.now(UTC)
    extracted = extract(engine=filled, dialect=dialect, identifiers=[identifier])
    expected = expected_payload(dialect=dialect)
    result = build(
        dialect=dialect,
        frames=extracted.frames,
        identifiers=[identifier],
        settings=BuildSettings(import_supplier=expected["import_supplier"], today=day_of(dialect=dialect)),
    )
    assert [json.loads(payload.body) for payload in result.payloads] == [expected]
    assert abs(extracted.watermark - before) < timedelta(seconds=30)


@each_dialect
def test_the_sample_is_what_the_database_delivers(filled: Engine, dialect: Dialect) -> None:
    frames = extract(engine=filled, dialect=dialect, identifiers=[identifier_of(dialect=dialect)]).frames
    sample = as_frames(dialect=dialect, rows=sample_rows(dialect=dialect))
    for name, frame in frames.items():
        assert frame.to_dict("records") == sample[name].to_dict("records"), name


@each_dialect
def test_the_guides_customer_is_never_a_candidate(filled: Engine, dialect: Dialect) -> None:
    identifier = identifier_of(dialect=dialect)
    assert identifier not in candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=10_000)
    assert existing_identifiers(engine=filled, dialect=dialect, identifiers=[identifier, "NOBODY"]) == {
        identifier
    }


@each_dialect
def test_candidates_come_in_pages_without_a_gap(filled: Engine, dialect: Dialect) -> None:
    everybody = candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=10_000)
    assert len(everybody) == CUSTOMERS
    assert everybody == sorted(everybody)
    paged: list[str] = []
    while page := candidate_identifiers(
        engine=filled, dialect=dialect, after=paged[-1] if paged else None, limit=99
    ):
        paged += page
    assert paged == everybody


def _contents(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'legacy'")
        ).scalars()
        return {
            table: list(
                connection.execute(
                    text(f"SELECT CAST(t AS text) FROM legacy.{table} AS t ORDER BY 1")
                ).scalars()
            )
            for table in tables
        }


def test_adding_customers_later_gives_the_same_ones_as_filling_at_once(
    filled: Engine, new_database: NewDatabase
) -> None:
    engine = create_engine(_url(new_database()), poolclass=NullPool)
    load.create_schema(engine=engine)
    load.load_guide_customers(engine=engine)
    for dialect in load.generated_dialects():
        load.generate(engine=engine, dialect=dialect, first=1, last=300, seed=7)
        load.generate(engine=engine, dialect=dialect, first=301, last=CUSTOMERS, seed=7)
        assert load.count(engine=engine, dialect=dialect) == CUSTOMERS
    assert _contents(engine) == _contents(filled)


def test_another_seed_gives_other_customers(filled: Engine, new_database: NewDatabase) -> None:
    engine = create_engine(_url(new_database()), poolclass=NullPool)
    load.fill(engine=engine, customers={"edf_accounts": 50}, seed=8, tell=lambda line: None)
    with engine.connect() as one, filled.connect() as other:
        query = text(
            "SELECT first_name, last_name FROM legacy.party WHERE party_id > 0 ORDER BY party_id LIMIT 50"
        )
        assert one.execute(query).all() != other.execute(query).all()


def test_four_in_a_hundred_are_broken_in_many_ways(filled: Engine) -> None:
    with filled.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT dialect, count(*), count(DISTINCT defect) FROM generator.expected_outcome GROUP BY 1"
            )
        ).all()
    assert {dialect: customers for dialect, customers, _ in rows} == dict.fromkeys(
        load.generated_dialects(), CUSTOMERS // 25
    )
    assert all(defects >= 8 for _, _, defects in rows)
    assert sum(defects for _, _, defects in rows) >= 25


def _broken(engine: Engine, *, defect: str = "%") -> set[str]:
    """Those that are broken on purpose, in any way or in one."""
    query = text("SELECT external_identifier FROM generator.expected_outcome WHERE defect LIKE :defect")
    with engine.connect() as connection:
        return set(connection.execute(query, {"defect": defect}).scalars())


def test_generated_identifiers_phones_and_emails_are_plausible(filled: Engine) -> None:
    broken = _broken(filled)
    for document in _documents(filled, get_dialect(name="edf_accounts")):
        if document["external_account_number"] in broken:
            continue
        for customer in document.get("customers", ()):
            assert phonenumbers.is_valid_number(phonenumbers.parse(customer["mobile"], "GB"))
            assert phonenumbers.is_valid_number(phonenumbers.parse(customer["landline"], "GB"))
            validate_email(customer["email"], check_deliverability=False, test_environment=True)
        for address in document["supply_addresses"]:
            for point in address["meter_points"]:
                if point["supply_type"] == "ELECTRICITY":
                    assert MPAN(point["identifier"]).is_valid
    numbers, countries, net_metered = set(), set(), set()
    for document in _documents(filled, get_dialect(name="national_grid_accounts")):
        numbers.add(document["external_account_number"])
        if document["external_account_number"] in broken:
            continue
        for customer in document["customers"]:
            others = [other["phone_number"] for other in customer.get("alternative_phone_numbers", ())]
            for number in filter(None, (customer["mobile"], customer["landline"], *others)):
                assert phonenumbers.is_valid_number(phonenumbers.parse(number, "US")), number
            validate_email(customer["email"], check_deliverability=False, test_environment=True)
        if document["billing_address"]["country"] == "US":
            assert document["billing_address"]["postal_code"].startswith("02")
        countries.add(document["billing_address"]["country"])
        (point,) = document["supply_addresses"][0]["supply_points"][:1]
        net_metered.update(meter.get("is_net_metered") for meter in point["meters"])
    assert countries == {"US", "CA", "IE"}
    assert net_metered == {True, False, None}
    assert all(len(number) == 10 and number.startswith("88") for number in numbers)
    for document in _documents(filled, get_dialect(name="essential_supply_points_cdns")):
        if document["supply_point"]["identifier"] in broken:
            continue
        for notification in document["cdns"]:
            for phone in notification["outage_contact"]["phones"]:
                assert phonenumbers.is_valid_number(phonenumbers.parse(phone["number"], "AU"))


def test_generated_portuguese_accounts_are_plausible(filled: Engine) -> None:
    broken = _broken(filled)
    for document in _documents(filled, get_dialect(name="plenitude_accounts")):
        if document["external_account_number"] in broken:
            continue
        for customer in document["customers"]:
            details = {each["namespace"]: each["value"] for each in customer["user_details"]}
            assert nif.is_valid(details["fiscal_code"])
            names = (details["first_family_name"], details.get("second_family_name"))
            assert customer["family_name"] == " ".join(filter(None, names))
            for name in ("mobile", "landline"):
                number = customer.get(name, "212345678")
                assert phonenumbers.is_valid_number(phonenumbers.parse(number, "PT")), number
            validate_email(customer["email"], check_deliverability=False, test_environment=True)
        for address in document["supply_addresses"]:
            for point in address["supply_points"]:
                body, letters = point["identifier"][2:18], point["identifier"][18:]
                assert letters == cups.calc_check_digits(f"ES{body}")


def test_generated_australian_accounts_are_plausible(filled: Engine) -> None:
    broken = _broken(filled)
    with_contact = []
    vacant, loads, countries, countries_abroad = 0, set(), set(), {"NZ", "GB", "US"}
    for document in _documents(filled, get_dialect(name="essential_supply_points_accounts")):
        if document["supply_point"]["identifier"] in broken:
            continue
        loads.add(document["supply_point"].get("critical_load"))
        if not document["accounts"]:
            vacant += 1
            continue
        (account,) = document["accounts"]
        countries |= {customer["postal_address"]["country"] for customer in account["customers"]}
        if countries_abroad & {customer["postal_address"]["country"] for customer in account["customers"]}:
            continue
        numbers = [customer["mobile"] for customer in account["customers"]]
        numbers += [customer["landline"] for customer in account["customers"] if "landline" in customer]
        contact = account.get("outage_contact", {})
        with_contact.append(bool(contact))
        # Only the latest notification counts, which is the one with this number.
        assert ".0@" in contact.get("email_address", ".0@")
        numbers += [contact[name]["number"] for name in ("phone_1", "phone_2") if name in contact]
        for number in numbers:
            assert phonenumbers.is_valid_number(phonenumbers.parse(number, "AU")), number
    # A few points have never had a notification.
    assert 0.8 < sum(with_contact) / len(with_contact) < 1
    assert vacant == CUSTOMERS // 25
    assert countries == {"AU", *countries_abroad}
    # Of some it was never asked.
    assert loads == {True, False, None}


def test_of_some_points_nothing_was_ever_notified(filled: Engine) -> None:
    documents = _documents(filled, get_dialect(name="essential_supply_points_cdns"))
    assert sum(document["cdns"] == [] for document in documents) == CUSTOMERS // 25


def test_each_supply_point_of_the_network_belongs_to_one_revision_but_the_guides(filled: Engine) -> None:
    revisions = [dialect for dialect in DIALECTS if dialect.market == "AU"]
    asked = [
        set(candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=10_000))
        for dialect in revisions
    ]
    everything = [*set[str]().union(*asked), identifier_of(dialect=revisions[0])]
    there = [
        existing_identifiers(engine=filled, dialect=dialect, identifiers=everything) for dialect in revisions
    ]
    assert [len(found) for found in there] == [CUSTOMERS + 1] * len(revisions)
    assert set.intersection(*there) == {identifier_of(dialect=dialect) for dialect in revisions}
    assert [found - {everything[-1]} for found in there] == asked


def test_payloads_are_as_large_as_real_ones(filled: Engine) -> None:
    documents = _documents(filled, get_dialect(name="edf_accounts"))
    sizes = sorted(
        len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
        for document in documents
    )
    assert 2_500 < sizes[len(sizes) // 2] < 4_500
    assert sizes[int(len(sizes) * 0.91)] > 6_000


def test_the_loose_relations_are_the_only_ones_without_a_foreign_key(filled: Engine) -> None:
    schema = inspect(filled)
    tables = schema.get_table_names(schema="legacy")
    keys = [schema.get_pk_constraint(table, schema="legacy")["constrained_columns"] for table in tables]
    keyed = {columns[0] for columns in keys if len(columns) == 1}
    held = {
        (table, column)
        for table in tables
        for key in schema.get_foreign_keys(table, schema="legacy")
        for column in key["constrained_columns"]
    }
    # Keys are called after the table they belong to: party_id is the party's own, and elsewhere refers to it.
    referring = {
        (table, column["name"])
        for table in tables
        for column in schema.get_columns(table, schema="legacy")
        if column["name"] in keyed and not table.endswith(column["name"].rsplit("_", 1)[0])
    }
    # The fourth one, reading to register, is by a code that is a key only together with the meter.
    assert referring - held == {
        ("contract", "tariff_code"),
        ("contract_option", "contract_id"),
        ("premise_administrator", "party_id"),
    }


@each_dialect
def test_a_page_of_candidates_reads_no_others(filled: Engine, dialect: Dialect) -> None:
    query = frame_sql(dialect=dialect.name, name="candidates").read_text(encoding="utf-8")
    with filled.connect() as connection:
        # A table as small as the test's is read whole otherwise.
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = connection.execute(text(f"EXPLAIN {query}"), {"after": "A", "row_limit": 10}).scalars()
        assert any(f"Index Cond: ((market = '{dialect.market}'" in line for line in plan)


def test_ledgers_add_up_exactly_but_where_they_were_broken(filled: Engine) -> None:
    query = """
        SELECT account.account_number
        FROM legacy.account
        JOIN legacy.ledger USING (account_id)
        JOIN legacy.ledger_transaction AS booking USING (ledger_id)
        WHERE account.data_origin = 'GEN' AND booking.prepay_serial IS NULL
        GROUP BY account.account_number, ledger.ledger_id
        HAVING
            sum(booking.amount) FILTER (WHERE booking.billed = 'X') <> ledger.statement_balance
            OR sum(booking.amount) <> ledger.balance
        UNION ALL
        SELECT account.account_number
        FROM legacy.account
        JOIN legacy.ledger USING (account_id)
        WHERE account.data_origin = 'GEN'
        GROUP BY account.account_id
        HAVING sum(ledger.balance) <> account.balance
    """
    planted = "SELECT external_identifier FROM generator.expected_outcome WHERE defect LIKE 'history%'"
    with filled.connect() as connection:
        wrong = set(connection.execute(text(query)).scalars())
        assert wrong == set(connection.execute(text(planted)).scalars())
        assert wrong


def test_a_history_of_the_account_itself_is_expected_to_fail_there(
    filled: Engine, new_database: NewDatabase
) -> None:
    # Customer 75 is the first whose history misses a cent. Its bookings are its account's own in one of 33.
    query = "SELECT seed FROM generate_series(1, 999) AS seed WHERE mod(generator.h(seed, 75, 12), 100) = 40"
    with filled.connect() as connection:
        seed = connection.execute(text(query)).scalars().first()
    assert seed is not None
    engine = create_engine(_url(new_database()), poolclass=NullPool)
    load.fill(engine=engine, customers={"edf_accounts": 80}, seed=seed, tell=lambda _: None)
    dialect = get_dialect(name="edf_accounts")
    with engine.connect() as connection:
        (wanted,) = connection.execute(
            text("SELECT * FROM generator.expected_outcome WHERE defect LIKE 'history%'")
        )
    result = build(
        dialect=dialect,
        frames=extract(engine=engine, dialect=dialect, identifiers=[wanted.external_identifier]).frames,
        identifiers=[wanted.external_identifier],
        settings=BuildSettings(import_supplier="X", today=TODAY, values=configured_values()[dialect.name]),
    )
    (found, *_) = result.rejections[0].findings
    assert (found.code, found.generic_path) == (wanted.expected_code, wanted.expected_path)
    assert found.generic_path == "historical_statement_transactions"


def test_generated_money_has_every_case(filled: Engine) -> None:
    documents = _documents(filled, get_dialect(name="edf_accounts"))
    booked: Counter[tuple[str, bool]] = Counter()
    cases: Counter[str] = Counter()
    for document in documents:
        holders = document.get("ledgers", [document])
        entries = [
            entry
            for holder in holders
            for name in ("current_statement_transactions", "historical_statement_transactions")
            for entry in holder.get(name, ())
        ]
        booked.update((entry["type"], entry["amount"].startswith("-")) for entry in entries)
        schedules = document.get("payment_schedules", ())
        mandates = document.get("payment_instructions", ())
        # A direct debit without its mandate collects nothing.
        assert {each.get("ledger_code") for each in schedules if each["means"] == "DD"} == {
            each.get("ledger_code") for each in mandates
        }
        cases["several ledgers"] += len(holders) > 1
        cases["money of the account itself"] += "ledgers" not in document
        cases["parts of a penny"] += any(len(entry["amount"].partition(".")[2]) > 2 for entry in entries)
        cases["parts of a penny owed"] += len(document["transfer_balance"].partition(".")[2]) > 2
        cases["vends"] += any("to_prepay_meter_serial_number" in entry for entry in entries)
        cases["returned"] += any(entry.get("reason") == "FAILED_PAYMENT" for entry in entries)
        cases["past schedules"] += any("end_date" in each for each in schedules)
        cases["bill-triggered schedules"] += any(each.get("trigger") == "BILL" for each in schedules)
        cases["debt plans"] += any(each.get("is_debt_repayment_plan") for each in schedules)
        cases["exempt schedules"] += any(each.get("exempt_from_payment_adequacy") for each in schedules)
        cases["debts without agency"] += any("agency_name" not in each for each in document.get("debts", ()))
    assert {case for case, customers in cases.items() if not customers} == set()
    assert set(booked) == {
        ("CHARGE", False), ("CHARGE", True), ("CREDIT", False), ("CREDIT", True), ("PAYMENT", False),
        ("REPAYMENT", False),
    }  # fmt: skip


def test_generated_american_bookings_are_taken_back_too(filled: Engine) -> None:
    booked = {
        (entry["type"], entry["amount"].startswith("-"))
        for document in _documents(filled, get_dialect(name="national_grid_accounts"))
        for ledger in document["ledgers"]
        for entry in ledger["current_statement_transactions"]
    }
    assert booked == {
        ("CHARGE", False), ("CHARGE", True), ("CREDIT", False), ("CREDIT", True), ("PAYMENT", False),
        ("REPAYMENT", False),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["edf_accounts", "national_grid_accounts"])
def test_the_books_and_the_payloads_say_the_same_of_every_customer(filled: Engine, name: str) -> None:
    dialect = get_dialect(name=name)
    identifiers = candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=10_000)
    extracted = extract(engine=filled, dialect=dialect, identifiers=identifiers, with_balances=True)
    result = build(
        dialect=dialect,
        frames=extracted.frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    told = {payload.external_identifier: set(payload.balances) for payload in result.payloads}
    assert told == {who: set(extracted.balances[who]) for who in told}


def test_nmi_check_digits_are_those_of_aemo(filled: Engine) -> None:
    with filled.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT identifier, generator.nmi_check_digit(left(identifier, 10)) "
                "FROM legacy.supply_point WHERE market = 'AU'"
            )
        ).all()
    assert [nmi for nmi, digit in rows if digit != nmi_checksum(nmi[:10])] == []
    checked = {nmi for nmi, _ in rows if len(nmi) == 11}
    wrong = {nmi for nmi in checked if not nmi_checksum_valid(nmi)}
    assert wrong == _broken(filled, defect="wrong check digit of an NMI")
    assert wrong < checked


@each_dialect
def test_every_defect_is_found_here_unless_only_kraken_can_know(filled: Engine, dialect: Dialect) -> None:
    identifiers = candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=10_000)
    result = build(
        dialect=dialect,
        frames=extract(engine=filled, dialect=dialect, identifiers=identifiers).frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY, values=configured_values()[dialect.name]),
    )
    with filled.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM generator.expected_outcome WHERE dialect = :dialect"),
            {"dialect": dialect.name},
        ).all()
    first = {item.external_identifier: item.findings[0] for item in result.rejections}
    assert {who: (finding.code, finding.generic_path) for who, finding in first.items()} == {
        row.external_identifier: (row.expected_code, row.expected_path)
        for row in rows
        if row.expected_state == "rejected"
    }
    warned = {item.external_identifier: {found.code for found in item.findings} for item in result.warnings}
    assert warned == {row.external_identifier: {row.expected_warning} for row in rows if row.expected_warning}
    assert {finding.severity for finding in first.values()} == {"error"}
    assert {row.expected_state for row in rows} == {"rejected", "invalid", "errored", "processed"}


def test_of_several_contacts_the_newest_is_taken(filled: Engine) -> None:
    query = "SELECT external_identifier FROM generator.expected_outcome WHERE defect LIKE 'two telephone%'"
    with filled.connect() as connection:
        wanted = set(connection.execute(text(query)).scalars())
    documents = {
        document["external_account_number"]: document
        for document in _documents(filled, get_dialect(name="edf_accounts"))
    }
    assert wanted
    assert all(
        customer["landline"] != "02070000000" for key in wanted for customer in documents[key]["customers"]
    )


@pytest.mark.parametrize("name", ["national_grid_accounts", "essential_supply_points_accounts"])
def test_customers_whose_post_goes_nowhere_are_still_sent(legacy_superuser: Engine, name: str) -> None:
    dialect = get_dialect(name=name)
    with legacy_superuser.begin() as connection:
        connection.execute(text("UPDATE legacy.account SET billing_address_id = NULL"))
    me = identifier_of(dialect=dialect)
    result = build(
        dialect=dialect,
        frames=extract(engine=legacy_superuser, dialect=dialect, identifiers=[me]).frames,
        identifiers=[me],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    document = json.loads(result.payloads[0].body)
    people = (document["accounts"][0] if "accounts" in document else document)["customers"]
    assert people
    assert "billing_address" not in document
    assert "postal_address" not in people[0]


def test_every_line_of_an_address_abroad_is_sent(legacy_superuser: Engine) -> None:
    dialect = get_dialect(name="edf_accounts")
    with legacy_superuser.begin() as connection:
        connection.execute(
            text(
                "UPDATE legacy.address SET country = 'IE', line1 = 'Flat 1', line2 = ' ', "
                "line3 = 'Mill House', line4 = 'Mill Lane', line5 = 'Dingle' WHERE address_id = -1"
            )
        )
    me = identifier_of(dialect=dialect)
    (account,) = (
        extract(engine=legacy_superuser, dialect=dialect, identifiers=[me])
        .frames["accounts"]
        .to_dict("records")
    )
    assert account["foreign_street_address"] == "Flat 1, Mill House, Mill Lane, Dingle"


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("plenitude_accounts", "supply_points"),
        ("essential_supply_points_accounts", "accounts"),
    ],
)
def test_a_supply_that_has_ended_is_not_sent_as_one_that_goes_on(
    legacy_superuser: Engine, name: str, points: str
) -> None:
    """The customer still has the property, and another supplier, or none."""
    dialect = get_dialect(name=name)
    me = identifier_of(dialect=dialect)

    def rows(ends_on: str) -> dict[str, int]:
        with legacy_superuser.begin() as connection:
            connection.execute(text("UPDATE legacy.supply SET ends_on = :day"), {"day": ends_on})
        frames = extract(engine=legacy_superuser, dialect=dialect, identifiers=[me]).frames
        return {frame: len(data) for frame, data in frames.items()}

    before, after = rows("99991231"), rows("20260630")
    assert rows("00000000") == before
    below = {frame.name for frame in dialect.frames if frame.parent == points} | {points}
    assert all(before[frame] for frame in below)
    assert {frame: count for frame, count in after.items() if count != before[frame]} == dict.fromkeys(
        below, 0
    )
