"""What the stand-in remembers, and how it words refusals."""

import itertools
import random
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest

from kraken_import.simulator import replies, schedule
from kraken_import.simulator.control import Control
from kraken_import.simulator.faults import Faults
from kraken_import.simulator.keys import Key
from kraken_import.simulator.processes import Process, Processes
from kraken_import.simulator.rules.declared import Objection
from kraken_import.simulator.store import Creation, Store, UnableToReadJournal
from kraken_import.simulator.tokens import Issuer
from kraken_import.simulator.visits import Traffic

KEY = Key("accounts", "TENTACLE_ENERGY", "A/1 é")
ERROR = ("tariff_code_not_found", "Tariff X does not exist.")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class OpenStore(Protocol):
    def __call__(self, *, journal: Path | None = None, accept: bool = False) -> Store: ...


@pytest.fixture
def store() -> Iterator[OpenStore]:
    """Open stores whose processes take ten seconds."""
    opened: list[Store] = []

    def open_one(*, journal: Path | None = None, accept: bool = False) -> Store:
        made = Store(delay=10, recreate_after_error=accept, journal=journal)
        opened.append(made)
        made.open()
        return made

    yield open_one
    for made in opened:
        made.close()


def status(kept: Store, *, now: float) -> str:
    return kept.status(process=kept.processes[KEY], now=now)


def test_the_status_follows_from_the_age(store: OpenStore) -> None:
    kept = store()
    kept.create(key=KEY, made=Creation(), now=100)
    assert [status(kept, now=now) for now in (100, 102.9, 103.1, 109.9, 110)] == [
        "PENDING",
        "PENDING",
        "IN_PROGRESS",
        "IN_PROGRESS",
        "PROCESSED",
    ]


@pytest.mark.parametrize(
    ("is_dry_run", "error", "end"),
    [
        (False, None, "PROCESSED"),
        (False, ERROR, "ERRORED"),
        (True, None, "DRY_RUN_SUCCEEDED"),
        (True, ERROR, "DRY_RUN_ERRORED"),
    ],
)
def test_every_process_comes_to_its_end(
    store: OpenStore, is_dry_run: bool, error: tuple[str, str] | None, end: str
) -> None:
    kept = store()
    kept.create(key=KEY, made=Creation(is_dry_run=is_dry_run, error=error), now=100)
    assert status(kept, now=110) == end


def test_a_live_create_is_accepted_only_once_the_dry_run_has_ended(store: OpenStore) -> None:
    kept = store()
    kept.create(key=KEY, made=Creation(is_dry_run=True), now=100)
    assert not kept.may_create(key=KEY, is_dry_run=False, now=105)
    assert kept.may_create(key=KEY, is_dry_run=False, now=110)
    kept.create(key=KEY, made=Creation(), now=110)
    process = kept.processes[KEY]
    assert (process.live_creates, process.dry_run_creates) == (1, 1)
    assert not kept.may_create(key=KEY, is_dry_run=True, now=200)


@pytest.mark.parametrize("accept", [True, False])
def test_only_an_errored_process_may_be_created_again(store: OpenStore, accept: bool) -> None:
    kept = store(accept=accept)
    kept.create(key=KEY, made=Creation(error=ERROR), now=100)
    assert not kept.may_create(key=KEY, is_dry_run=False, now=105)
    assert kept.may_create(key=KEY, is_dry_run=False, now=110) is accept
    kept.create(key=KEY, made=Creation(), now=110)
    assert not kept.may_create(key=KEY, is_dry_run=False, now=200)


def test_only_what_has_not_ended_counts_as_in_progress(store: OpenStore) -> None:
    kept = store()
    other = KEY._replace(external_identifier="other")
    kept.create(key=KEY, made=Creation(error=ERROR), now=100)
    kept.create(key=other, made=Creation(), now=105)
    assert [kept.in_progress(now=now) for now in (106, 111, 116)] == [2, 1, 0]
    # Created again, the older key is the younger process.
    kept.create(key=KEY, made=Creation(), now=120)
    assert kept.in_progress(now=121) == 1


def test_a_restart_forgets_nothing_that_was_journaled(store: OpenStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    before = store(journal=journal)
    before.create(key=KEY, made=Creation(is_dry_run=True), now=100)
    before.create(key=KEY, made=Creation(error=ERROR), now=120)
    after = store(journal=journal)
    assert after.processes == before.processes
    after.create(key=KEY, made=Creation(), now=140)
    assert store(journal=journal).processes == after.processes


def test_a_record_created_again_in_place_is_as_old_as_the_first_one(store: OpenStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    kept = store(journal=journal, accept=True)
    kept.create(key=KEY, made=Creation(error=ERROR), now=100)
    kept.create(key=KEY, made=Creation(in_place=True, has_event=True), now=120)
    process = kept.processes[KEY]
    assert (process.created_at, process.started_at, process.live_creates) == (100, 120, 2)
    assert [status(kept, now=now) for now in (121, 125, 130)] == ["PENDING", "IN_PROGRESS", "PROCESSED"]
    assert kept.in_progress(now=125) == 1
    assert store(journal=journal).processes == kept.processes


def test_a_journal_cut_off_in_mid_line_loses_that_line_alone(store: OpenStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    kept = store(journal=journal)
    kept.create(key=KEY, made=Creation(), now=100)
    with journal.open("ab") as file:
        file.write(b'["accounts","TENTACLE_ENERGY","B","x')
    again = store(journal=journal)
    assert list(again.processes) == [KEY]
    again.create(key=KEY._replace(external_identifier="C"), made=Creation(), now=101)
    assert len(store(journal=journal).processes) == 2


def test_a_file_that_is_not_a_journal_is_left_as_it_is(store: OpenStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text("no json\nno end")

    with pytest.raises(UnableToReadJournal):
        store(journal=journal)

    assert journal.read_text() == "no json\nno end"


def test_a_journal_is_read_without_being_in_memory_as_a_whole(store: OpenStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    kept = store(journal=journal)
    error = ("e" * 10_000, "")
    for number in range(500):
        key = KEY._replace(external_identifier=f"{number}")
        kept.create(key=key, made=Creation(error=error), now=100)

    tracemalloc.start()
    again = store(journal=journal)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < journal.stat().st_size / 4
    assert again.processes == kept.processes


@pytest.mark.parametrize("line", ["no json", "{}", "[1, 2]", "5"])
def test_a_file_that_is_not_a_journal_is_named(store: OpenStore, tmp_path: Path, line: str) -> None:
    journal = tmp_path / "journal"
    journal.write_text(f"{line}\n")
    with pytest.raises(UnableToReadJournal, match=r"Line 1 of .* is not an entry of a journal"):
        store(journal=journal)


def test_a_reset_forgets_the_journal_too(store: OpenStore, tmp_path: Path) -> None:
    kept = store(journal=tmp_path / "journal")
    kept.create(key=KEY, made=Creation(), now=100)
    kept.reset()
    assert not kept.processes
    assert not store(journal=tmp_path / "journal").processes


def nested(*paths: str) -> Any:
    problems = [Objection(path, "code", f"about {path}") for path in paths]
    return replies.refused(resource="supply-points", style="auto", problems=problems).document


def test_nested_messages_stand_under_their_fields() -> None:
    assert nested("customers.0.landline", "customers.0.email", "customers.1.email") == {
        "customers": {
            "0": {"landline": ["about customers.0.landline"], "email": ["about customers.0.email"]},
            "1": {"email": ["about customers.1.email"]},
        }
    }


@pytest.mark.parametrize("paths", [("a", "a.0.b"), ("a.0.b", "a")])
def test_a_message_about_a_whole_and_one_about_its_part_both_stay(paths: tuple[str, str]) -> None:
    assert nested(*paths) == {"a": {"non_field_errors": ["about a"], "0": {"b": ["about a.0.b"]}}}


@pytest.mark.parametrize(
    ("resource", "style", "is_flat"),
    [
        ("accounts", "auto", True),
        ("supply-points", "auto", False),
        ("accounts", "nested", False),
        ("supply-points", "flat", True),
    ],
)
def test_the_style_of_a_refusal_is_the_resources_own_unless_told(
    resource: str, style: str, is_flat: bool
) -> None:
    problems = [Objection("a.0", "invalid", "No.")]
    document = replies.refused(resource=resource, style=style, problems=problems).document
    flat = {"detail": "No.", "code": "invalid", "attr": "a.0"}
    assert (document["errors"] == [flat]) if is_flat else (document == {"a": {"0": ["No."]}})


@pytest.mark.parametrize(
    ("task_params", "codes"),
    [
        ({}, []),
        ({"is_dry_run": True}, []),
        ({"is_dry_run": "yes"}, ["invalid"]),
        ({"schedule_window_start": "2026-03-01T12:00:00Z"}, []),
        ({"schedule_window_start": "2026-03-01T11:59:59Z"}, ["schedule_window_start_in_past"]),
        ({"schedule_window_start": "2026-03-01T12:30:00+01:00"}, ["schedule_window_start_in_past"]),
        ({"schedule_window_start": "soon"}, ["invalid"]),
        ({"schedule_window_end": "2026-03-05T12:00:00Z"}, []),
        ({"schedule_window_end": "2026-03-05T12:00:01Z"}, ["schedule_window_end_too_far_in_future"]),
        (
            {"schedule_window_start": "2026-03-03T12:00:00Z", "schedule_window_end": "2026-03-02T12:00:00Z"},
            ["schedule_window_start__after_end"],
        ),
    ],
)
def test_the_window_of_a_create_is_checked(task_params: dict[str, Any], codes: list[str]) -> None:
    assert [problem.code for problem in schedule.problems(task_params=task_params, now=NOW)] == codes


def test_times_are_printed_with_their_offset(store: OpenStore) -> None:
    kept = store()
    kept.create(key=KEY, made=Creation(), now=NOW.timestamp())
    reply = replies.status(
        process=kept.processes[KEY],
        status="PROCESSED",
        now=(NOW + timedelta(hours=1)).timestamp(),
        delay=kept.delay,
    )
    assert reply.document["created_at"] == "2026-03-01T12:00:00.000000+00:00"
    assert reply.document["modified_at"] == "2026-03-01T12:00:10.000000+00:00"


REFERENCE = ("allpay", "1")
OTHER = Key("accounts", "TENTACLE_ENERGY", "B")


def test_a_reference_is_taken_once_its_account_is_there_and_not_by_that_account(store: OpenStore) -> None:
    kept = store()
    kept.create(key=KEY, made=Creation(references=[REFERENCE]), now=100)

    taken = {
        (key.external_identifier, now): kept.is_taken(namespace="allpay", value="1", by=key, now=now)
        for key in (KEY, OTHER)
        for now in (109.9, 110)
    }

    assert [place for place, is_taken in taken.items() if is_taken] == [("B", 110)]


@pytest.mark.parametrize(("is_dry_run", "error"), [(True, None), (False, ERROR)])
def test_a_reference_is_free_where_its_account_came_to_nothing(
    store: OpenStore, is_dry_run: bool, error: tuple[str, str] | None
) -> None:
    kept = store()
    kept.create(key=KEY, made=Creation(is_dry_run=is_dry_run, error=error, references=[REFERENCE]), now=100)
    kept.create(key=OTHER, made=Creation(references=[REFERENCE]), now=120)

    assert not kept.is_taken(namespace="allpay", value="1", by=OTHER, now=130)
    assert kept.is_taken(namespace="allpay", value="1", by=KEY, now=130)


def test_references_outlast_a_restart(store: OpenStore, tmp_path: Path) -> None:
    first = store(journal=tmp_path / "journal")
    first.create(key=KEY, made=Creation(references=[REFERENCE]), now=100)
    first.close()

    again = store(journal=tmp_path / "journal")

    assert again.is_taken(namespace="allpay", value="1", by=OTHER, now=110)
    again.reset()
    assert not again.references
    assert not again.is_taken(namespace="allpay", value="1", by=OTHER, now=110)
    again.close()

    assert not store(journal=tmp_path / "journal").references


def test_an_account_takes_few_bytes_however_many_there_are(store: OpenStore) -> None:
    number, kept = 20_000, store()
    traffic = Traffic(keys=kept.processes.numbering)
    tracemalloc.start()
    for index in range(number):
        for operation in ("validate", "create", "status", "status"):
            # Each request brings a key of its own.
            key = Key("accounts", "TENTACLE_ENERGY", f"GB-{index:09d}")
            traffic.note(operation=operation, key=key)
        references = [("legacy.customer-number", f"{index:010d}")]
        kept.create(key=key, made=Creation(references=references), now=index + 0.5)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert size / number < 160
    assert (len(kept.processes), traffic.number_of_keys()) == (number, number)


def test_processes_are_told_apart_by_resource_supplier_and_identifier(store: OpenStore) -> None:
    kept = store()
    keys = [
        Key(*parts) for parts in itertools.product(("accounts", "supply-points"), ("A", "A 1"), ("1", "1 1"))
    ]
    for number, key in enumerate(keys):
        kept.create(key=key, made=Creation(), now=number)

    assert list(kept.processes) == keys
    assert [kept.processes[key].started_at for key in keys] == list(range(len(keys)))


def test_what_was_changed_of_a_process_is_its_own(store: OpenStore) -> None:
    kept, other = store(), KEY._replace(external_identifier="other")
    for key in (KEY, other):
        kept.create(key=key, made=Creation(), now=100)
    before = kept.processes[other]
    kept.processes[KEY] = kept.processes[KEY]._replace(error=ERROR, shown="PENDING")

    assert status(kept, now=110) == "ERRORED"
    assert kept.processes[other] == before
    assert list(kept.processes) == [KEY, other]


def test_processes_are_kept_as_a_plain_dict_would_keep_them() -> None:
    rng, model = random.Random(7), dict[Key, Process]()
    keys = [Key("accounts", "TENTACLE_ENERGY", f"{number}") for number in range(300)]
    kept = Processes()
    for step in range(20_000):
        key, creates, shown = rng.choice(keys), rng.randrange(3), rng.choice("ab")
        process = Process(
            key,
            step,
            step + 0.5,
            step,
            live_creates=creates,
            dry_run_creates=2 - creates,
            shown=shown,
        )
        way = rng.random()
        if way < 0.6:
            model.pop(key, None)
            model[key] = process
            kept.renew(process=process)
        elif way < 0.9 or key not in model:
            model[key] = process
            kept[key] = process
        else:
            del model[key]
            del kept[key]
        assert kept.find(key=key) == model.get(key)
        if step % 500 == 0:
            in_order = list(model.values())
            assert list(kept.items()) == list(model.items())
            assert list(kept.page(start=40, stop=90)) == in_order[40:90]
            assert list(kept.starts()) == [each.started_at for each in reversed(in_order)]
            assert list(kept.repeated()) == [each.key for each in in_order if each.live_creates > 1]
            assert kept.creates() == (
                sum(each.live_creates for each in in_order),
                sum(each.dry_run_creates for each in in_order),
            )
    with pytest.raises(KeyError):
        del kept[KEY]


def test_a_snapshot_shows_nothing_of_what_happens_later(store: OpenStore) -> None:
    kept = store()
    keys = [KEY._replace(external_identifier=f"{number}") for number in range(5)]
    for key in keys:
        kept.create(key=key, made=Creation(), now=100)
    snapshot = kept.processes.snapshot()
    first = next(snapshot)
    kept.create(key=keys[1], made=Creation(error=ERROR), now=200)
    del kept.processes[keys[2]]
    kept.create(key=OTHER, made=Creation(), now=200)
    rest = list(snapshot)
    kept.reset()

    assert [first.key, *(each.key for each in rest)] == keys
    assert {each.started_at for each in rest} == {100}


def test_requests_are_counted_by_key_the_first_key_first() -> None:
    traffic, keys = Traffic(), [KEY, OTHER, KEY._replace(external_identifier="C")]
    traffic.keys.number(key=keys[2])
    numbers = [
        traffic.note(operation=operation, key=key)
        for key in (keys[1], keys[0])
        for operation in ("validate", "status", "status", "list")
    ]
    traffic.refuse(key=keys[1])

    assert numbers == [1, 1, 2, None] * 2
    assert list(traffic.page(start=0, stop=9)) == [keys[1], keys[0]]
    assert [traffic.refused(key=key) for key in keys] == [0, 1, 0]
    assert traffic.seen(key=keys[0]) == {"validate": 1, "create": 0, "status": 2}
    assert traffic.seen(key=keys[2]) == {"validate": 0, "create": 0, "status": 0}


@pytest.mark.parametrize("what", ["ledger", "requests"])
def test_a_page_costs_what_it_shows_however_many_accounts_there_are(store: OpenStore, what: str) -> None:
    kept = store()
    traffic = Traffic(keys=kept.processes.numbering)
    for number in range(30_000):
        key = KEY._replace(external_identifier=f"GB-{number}")
        traffic.note(operation="create", key=key)
        kept.create(key=key, made=Creation(), now=100)
    control = Control(store=kept, faults=Faults(), traffic=traffic, issuer=Issuer())

    def page(limit: int) -> tuple[list[str], float]:
        started = time.process_time()
        query = f"offset=100&limit={limit}".encode()
        reply = control.answer(method="GET", path=what, query=query, body=b"", now=200)
        return [key["external_identifier"] for key in reply.document["keys"]], time.process_time() - started

    shown, _ = page(10)
    few = min(page(10)[1] for _ in range(5))
    all_of_them = page(30_000)[1]

    assert shown == [f"GB-{number}" for number in range(100, 110)]
    assert few < all_of_them / 20


def test_a_listing_is_made_in_parts_and_shows_what_there_was_when_it_was_asked_for(store: OpenStore) -> None:
    kept = store()
    keys = [KEY._replace(external_identifier=f"A-{number:05d}") for number in range(3_000)]
    for key in keys:
        kept.create(key=key, made=Creation(), now=100)
    kept.put(key=keys[5], kraken_identifier=None, listed=2, now=100)
    kept.put(key=keys[6], kraken_identifier=None, listed=0, now=100)
    kept.create(key=Key("accounts", "OTHER", "A"), made=Creation(), now=100)

    def listing() -> replies.Reply:
        statuses = replies.LISTINGS["imported-account-import-processes"]
        supplier = KEY.import_supplier
        return replies.listing(store=kept, import_supplier=supplier, statuses=statuses, now=200, shift=0)

    whole = listing().content
    parts = listing().document
    first = next(parts)
    for key in keys[::2]:
        kept.create(key=key, made=Creation(error=ERROR), now=150)
    del kept.processes[keys[-1]]
    kept.create(key=OTHER, made=Creation(), now=100)

    assert first + b"".join(parts) == whole
    assert len(first) < len(whole) / 5
    numbers = [each["external_account_number"] for each in orjson.loads(whole)]
    assert numbers == [
        *(key.external_identifier for key in (*keys[:5], *keys[7:])),
        *([keys[5].external_identifier] * 2),
    ]
    empty = replies.listing(store=kept, import_supplier="NONE", statuses=frozenset(), now=200, shift=0)
    assert empty.content == b"[]"
