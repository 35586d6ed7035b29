"""One customer is erased: nothing says anything of that customer, and every count and sum is as before."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kraken_import.cli import leftovers
from kraken_import.domain.orders import Order
from kraken_import.tracking.evidence import unpack_payload
from kraken_import.tracking.vault import key_of
from kraken_import.usecases import cutover
from kraken_import.usecases.erase import Erasure, erase_customer, find_erasure
from kraken_import.usecases.erased_files import erase_in_files
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.legal_holds import end_hold, hold
from kraken_import.usecases.report import wave_report
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, finished_wave, rerun
from tests.integration.usecases.test_reconcile import look

CLEAN, REJECTED, ERRORED, INVALID = "GB-000000001", "GB-000000125", "GB-000000225", "GB-000000300"
LEGAL = "a hold of the court"


def ordered(reason: str | None = "Asked for on 3 May") -> Order:
    return Order(by="ann", reason=reason, at=datetime.now(UTC))


def erase(journey: Journey, who: str, reason: str | None = "Asked for on 3 May") -> Erasure:
    return erase_customer(
        tracking=journey.tracking_superuser,
        external_identifier=who,
        import_supplier=None,
        order=ordered(reason),
    )


def words(value: Any) -> Iterator[str]:
    """Every text in a document that is long enough to be looked for."""
    if isinstance(value, dict):
        yield from (each for part in value.values() for each in words(part))
    elif isinstance(value, list):
        yield from (each for part in value for each in words(part))
    elif isinstance(value, str) and len(value) > 5:
        yield value


def payloads(journey: Journey) -> dict[str, set[str]]:
    """The texts in the payloads of each customer."""
    found: dict[str, set[str]] = {}
    rows = journey.rows(
        "SELECT external_identifier, payload.wave_id, process.id, payload.attempt, body "
        "FROM migration.payload JOIN migration.import_process AS process ON process.id = import_process_id"
    )
    with journey.tracking.connect() as connection:
        for row in rows:
            body = unpack_payload(
                key=key_of(connection=connection, wave_id=row["wave_id"]),
                process_id=row["id"],
                attempt=row["attempt"],
                body=row["body"],
            )
            found.setdefault(row["external_identifier"], set()).update(words(json.loads(body)))
    return found


def marks(journey: Journey, who: str) -> set[str]:
    """What only this customer's payloads say, the identifiers and digests of the customer among it."""
    of_others = {each for key, texts in payloads(journey).items() if key != who for each in texts}
    own = payloads(journey).get(who, set()) - of_others
    (known,) = journey.rows(
        "SELECT kraken_identifier, payload_hash FROM migration.import_process "
        "WHERE external_identifier = :who",
        who=who,
    )
    digest = None if known["payload_hash"] is None else bytes(known["payload_hash"]).hex()
    return own | {who} | {each for each in (known["kraken_identifier"], digest) if each}


def everything(journey: Journey) -> Iterator[tuple[str, str]]:
    """Every text, document and byte string of every table and view that the catalogue has, by column."""
    columns = journey.rows(
        "SELECT relname AS place, attname AS name FROM pg_attribute "
        "JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p', 'v') "
        "WHERE relnamespace = 'migration'::regnamespace AND attnum > 0 AND NOT attisdropped "
        "AND atttypid::regtype::text IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'text[]')"
    )
    assert {"payload", "answer", "record_decision", "rerun", "hand_back"} <= {row["place"] for row in columns}
    for column in columns:
        place, name = column["place"], column["name"]
        with journey.tracking_superuser.connect() as connection:
            rows = connection.exec_driver_sql(
                f"SELECT {name} FROM migration.{place} WHERE {name} IS NOT NULL"
            )
            for (value,) in rows:
                yield f"{place}.{name}", _readable(value)


def _readable(value: Any) -> str:
    if not isinstance(value, bytes | memoryview):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        return zlib.decompress(bytes(value)).decode()
    except zlib.error:
        return bytes(value).hex()


def sealed(journey: Journey, who: str) -> int:
    """How many payloads, answers, amounts and digests of a customer are kept: the first two may be sealed."""
    tables = ("payload", "answer", "record_money", "shared_value")
    return sum(
        journey.rows(
            f"SELECT count(*) AS rows FROM migration.{table} JOIN migration.import_process AS process "
            "ON process.id = import_process_id WHERE external_identifier = :who",
            who=who,
        )[0]["rows"]
        for table in tables
    )


def found_in(places: Iterator[tuple[str, str]], *, sought: set[str]) -> set[str]:
    return {place for place, text in places for each in sought if each in text}


def in_files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_text(encoding="utf-8")


def write_reports(journey: Journey, wave_id: int, folder: Path) -> None:
    files = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    wave = cutover.live_wave(tracking=journey.tracking, name="pilot")
    leftovers.crosswalk(tracking=journey.tracking, wave=wave, folder=folder)
    leftovers.differences(tracking=journey.tracking, wave=wave, dialect=None, folder=folder)


@pytest.fixture
def pilot(begin: BeginJourney) -> tuple[Journey, int]:
    """A finished wave of a customer who migrated, one for each way of failing, and two others."""
    journey = begin(numbers=[int(who[3:]) for who in (REJECTED, ERRORED, INVALID)])
    everybody = (CLEAN, REJECTED, ERRORED, INVALID, "GB-000000002", "GB-000000003")
    wave_id = finished_wave(journey, *everybody, name="pilot")
    rerun(journey, identifiers=(ERRORED, REJECTED, INVALID))
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.record_money SET legacy_cents = legacy_cents + 1 "
            "WHERE payload_cents IS NOT NULL AND ledger = 'transfer_balance'"
        )
        connection.exec_driver_sql(
            "INSERT INTO migration.record_decision SELECT id, attempt, now(), 'there', 'ann', "
            "'Seen: ' || external_identifier || ' is there', 'parked', state FROM migration.import_process"
        )
        connection.exec_driver_sql(
            "UPDATE migration.wave SET outcome = 'failed', outcome_reason = %s",
            (f"Look at {ERRORED}, {CLEAN}.",),
        )
        connection.exec_driver_sql(
            "UPDATE migration.rerun SET selection = jsonb_build_object('who', %s)", (ERRORED,)
        )
    look(journey, full=True)
    cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    return journey, wave_id


def standing(journey: Journey, wave_id: int) -> tuple[Any, ...]:
    """Every count and sum that people are shown of a wave."""
    report = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    counted = ("import_event", "import_error", "import_attempt", "hand_back", "rerun_item", "import_process")
    return (
        journey.states(wave_id),
        report["money.csv"],
        [journey.rows(f"SELECT count(*) AS rows FROM migration.{table}")[0]["rows"] for table in counted],
        journey.rows("SELECT stage, ledger, customers, cents FROM migration.batch_money ORDER BY 1, 2"),
    )


def open_amounts(journey: Journey) -> list[dict[str, Any]]:
    return journey.rows(
        "SELECT kind, ledger, count(*) AS rows, sum(cents) AS cents FROM migration.reconciliation_difference "
        "WHERE resolved_at IS NULL GROUP BY kind, ledger ORDER BY kind, ledger"
    )


def test_nothing_is_found_of_an_erased_customer_and_every_count_and_sum_stays(
    pilot: tuple[Journey, int], tmp_path: Path
) -> None:
    journey, wave_id = pilot
    write_reports(journey, wave_id, tmp_path)
    sought = {who: marks(journey, who) for who in (CLEAN, REJECTED, ERRORED, INVALID)}
    assert len(sought[CLEAN]) > 10
    assert all(sealed(journey, who) for who in sought)
    before, owed = standing(journey, wave_id), open_amounts(journey)
    assert {"import_process.kraken_identifier", "wave.outcome_reason", "record_decision.reason"} <= found_in(
        everything(journey), sought=sought[ERRORED]
    )
    assert found_in(in_files(tmp_path), sought={CLEAN}) >= {"crosswalk.csv", "differences.csv"}
    for who in sought:
        found = erase(journey, who)
        assert erase_in_files(folder=tmp_path, names=found.names, token=found.token).changed > 0
        assert found_in(everything(journey), sought=sought[who]) == set()
        assert sealed(journey, found.token) == 0
        assert found_in(in_files(tmp_path), sought=sought[who]) == set()
        assert (
            found.token in (tmp_path / "crosswalk.csv").read_text() + (tmp_path / "hand-back.csv").read_text()
        )
    assert standing(journey, wave_id) == before
    logged = journey.rows("SELECT token, records, ordered_by, reason FROM migration.erasure")
    assert [tuple(row.values())[1:] for row in logged] == [(1, "ann", "Asked for on 3 May")] * 4
    # Amounts that are open stay so under the token, and of the erased none comes back with Kraken's listing.
    assert open_amounts(journey) == owed
    assert look(journey, full=True).differences == {"balance_differs": 5, "batch_money": 1}
    assert open_amounts(journey) == owed
    assert found_in(everything(journey), sought=set.union(*sought.values())) == set()


def test_a_file_that_cannot_be_written_leaves_the_customer_so_that_a_repetition_knows_what_to_look_for(
    journey: Journey, tmp_path: Path
) -> None:
    finished_wave(journey, CLEAN, name="pilot")
    ((known,),) = (
        row.values() for row in journey.rows("SELECT kraken_identifier FROM migration.import_process")
    )
    file = tmp_path / "said.txt"
    file.write_bytes(known.encode() + b" \xff")

    def in_files(found: Erasure) -> None:
        erase_in_files(folder=tmp_path, names=found.names, token=found.token)

    def erased() -> Erasure:
        return erase_customer(
            tracking=journey.tracking_superuser,
            external_identifier=CLEAN,
            import_supplier=None,
            order=ordered(),
            before_commit=in_files,
        )

    with pytest.raises(BadRequest, match="could not be read and written again"):
        erased()
    file.write_text(f"{known}.")
    found = erased()
    assert (found.is_done, file.read_text()) == (False, f"{found.token}.")
    assert known not in json.dumps([text for _, text in everything(journey)])


def test_an_erased_customer_is_neither_planned_again_nor_rerun_and_nothing_else_may_change_history(
    pilot: tuple[Journey, int],
) -> None:
    journey, _ = pilot
    for who in (CLEAN, ERRORED):
        erase(journey, who)
    created = journey.created()
    again = journey.plan(identifiers=(CLEAN, ERRORED, "GB-000000004"))
    assert (again.claimed, again.already_claimed) == (1, 2)
    assert begin_rerun(journey, "rerun-2", wave="pilot", not_processed=True).records == 2
    assert erase(journey, ERRORED).is_done
    assert journey.created() == created
    for statement in (
        "UPDATE migration.record_decision SET reason = ''",
        "SET migration.erases = 'on'; DELETE FROM migration.record_decision",
    ):
        with pytest.raises(Exception, match="append-only"), journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(statement)
    for statement, refusal in (
        (
            "SET migration.erases = 'on'; UPDATE migration.record_decision SET reason = ''",
            "permission denied",
        ),
        ("SELECT migration.erase('a', 'b', 'c', 'd')", "permission denied for function erase"),
        ("SELECT key FROM migration.erasure_key", "permission denied for table erasure_key"),
    ):
        with pytest.raises(Exception, match=refusal), journey.tracking.begin() as connection:
            connection.exec_driver_sql(statement)


def test_a_customer_is_not_erased_while_a_record_is_open_may_be_built_or_is_under_a_legal_hold(
    journey: Journey,
) -> None:
    wave_id = journey.valid_wave(limit=None, identifiers=(CLEAN, "GB-000000002"), name="pilot")
    with pytest.raises(
        BadRequest, match=r"the record in wave 'pilot' \(\d+\) is valid, so its end is to come"
    ):
        erase(journey, CLEAN)
    journey.create(wave_id)
    with pytest.raises(BadRequest, match="is created, so its end is to come"):
        find_erasure(tracking=journey.tracking_superuser, external_identifier=CLEAN, import_supplier=None)
    with pytest.raises(Exception, match="a record that is open cannot be erased"):
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(
                "SELECT migration.erase(import_supplier, external_identifier, 'ann', 'Asked') "
                "FROM migration.import_process LIMIT 1"
            )
    journey.poll(wave_id)
    with pytest.raises(BadRequest, match=r"the run of wave 'pilot' .* has not been summarised"):
        erase(journey, CLEAN)
    journey.summarise(wave_id)
    for held in (
        {"wave": "pilot", "external_identifier": None},
        {"wave": None, "external_identifier": CLEAN},
    ):
        said = hold(tracking=journey.tracking, order=ordered(LEGAL), **held)
        number = int(said.split("legal hold ")[1].split(":")[0])
        with pytest.raises(BadRequest, match=f"legal hold {number} is in force"):
            erase(journey, CLEAN)
        with pytest.raises(BadRequest, match="is under a legal hold already"):
            hold(tracking=journey.tracking, order=ordered(LEGAL), **held)
        end_hold(tracking=journey.tracking, number=number, order=ordered("Over"))
    with pytest.raises(BadRequest, match="Leave the identifier out of the reason"):
        erase(journey, CLEAN, reason=f"{CLEAN} asked")
    with pytest.raises(BadRequest, match="Say why by --reason"):
        erase(journey, CLEAN, reason=" ")
    with pytest.raises(BadRequest, match="Erasing is for the owner of the tracking database alone"):
        erase_customer(
            tracking=journey.tracking, external_identifier=CLEAN, import_supplier=None, order=ordered()
        )
    with pytest.raises(BadRequest, match="No wave and no cohort has a customer"):
        erase(journey, "NOBODY")
    erase(journey, CLEAN)
    assert CLEAN not in str(journey.rows("SELECT * FROM migration.legal_hold"))
