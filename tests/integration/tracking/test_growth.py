"""No statement grows with what other waves have left behind: seen in its plan, on sixty small waves."""

from __future__ import annotations

import pytest

from benchmarks.growth_explain import MOST_PARTITIONS, Found, explain, sample_of
from benchmarks.growth_fill import Scale, fill
from tests.conftest import NewDatabase

pytestmark = pytest.mark.xdist_group("growth")

SCALE = Scale(records=2_400, events=14_400, waves=60)
GROWING = {
    "import_process",
    "import_attempt",
    "import_event",
    "import_error",
    "record_money",
    "shared_value",
    "legacy_hold",
    "hand_back",
    "rerun_item",
    "cohort_customer",
}
"""Tables with rows for each customer that was ever migrated."""
EXCUSED = {
    "reruns.select_items by state": "asked by people, of all waves that are not closed",
    "reruns.select_items by code": "asked by people, of all waves that are not closed",
    "decisions.find": "reads few errors at once rather than one by one",
}


PROBES = {
    "budget.recent": "AND (attempt = ",
    "gate.compare_with_rehearsal": "import_process_id = present.rehearsal_id",
    "processes.rebuildable": "import_process_id = process.id",
    "purge.keep_sums": "id = money.import_process_id",
    "reconciliation.attempts": "import_process_id = process.id",
    "reruns.asking_waves": "id = item.import_process_id",
    "reruns.batches_in_state": "id = item.import_process_id",
    "reruns.causes": "id = item.import_process_id",
    "reruns.valid_cents": "id = item.import_process_id",
}
"""Statements that look up what belongs to each of their records, and how."""


IN_ORDER = {"processes.intend", "processes.with_payload"}
"""Statements that read the next records of a batch."""


@pytest.fixture(scope="module")
def filled(new_database: NewDatabase, tracking_template: str) -> str:
    """A database with sixty small waves."""
    dsn = new_database(template=tracking_template)
    fill(dsn=dsn, scale=SCALE, tell=lambda _: None)
    return dsn


@pytest.fixture(scope="module")
def explained(filled: str) -> list[Found]:
    """Every statement, explained."""
    # On so few rows Postgres would read them all, whether or not it has to.
    plans = dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off")
    plans["random_page_cost"] = "1"
    return explain(dsn=filled, sample=sample_of(dsn=filled, scale=SCALE), settings=plans, runs=1)


def test_no_statement_locks_the_payloads_and_answers_of_other_waves(explained: list[Found]) -> None:
    assert {each.name: each.partitions for each in explained if each.partitions > MOST_PARTITIONS} == {}


def test_every_statement_finds_its_records_by_an_index(explained: list[Found]) -> None:
    scanned = {each.name: each.scanned & GROWING for each in explained if each.name not in EXCUSED}
    assert {name: tables for name, tables in scanned.items() if tables} == {}


def test_what_belongs_to_a_record_is_looked_up_and_not_joined_with_all_there_is(filled: str) -> None:
    plans = dict.fromkeys(("enable_seqscan", "enable_nestloop"), "off")
    sample = sample_of(dsn=filled, scale=SCALE)
    found = explain(dsn=filled, sample=sample, settings=plans, runs=1, names=PROBES)
    # Outside a rerun there is nothing to look up.
    for each in found:
        if each.name != "processes.rebuildable":
            probe = PROBES[each.name.split()[0]]
            assert any(probe in condition for condition in each.conditions), each.name


def test_the_budget_reads_no_create_that_is_younger_than_the_age_that_it_looks_at(
    explained: list[Found],
) -> None:
    (budget,) = [each for each in explained if each.name == "budget.recent load"]
    assert any("occurred_at <=" in condition for condition in budget.conditions)


def test_a_page_of_what_is_left_reads_its_wave_alone(explained: list[Found]) -> None:
    pages = [each for each in explained if each.name.startswith("triage.records")]
    assert pages
    for each in pages:
        assert any("ROW(wave_id, id)" in condition for condition in each.conditions), each.name


def test_late_changes_are_looked_for_batch_by_batch(explained: list[Found]) -> None:
    (watched,) = [each for each in explained if each.name == "cutover.to_watch"]
    assert watched.conditions
    assert all("wave_id" in condition and "batch" in condition for condition in watched.conditions)


@pytest.mark.parametrize(("step", "rows"), [("claim", 2), ("record_build", 3), ("intend", 2), ("move", 3)])
def test_each_step_is_explained_with_records_that_take_it(
    explained: list[Found], step: str, rows: int
) -> None:
    (found,) = [each for each in explained if each.name == f"processes.{step}"]
    assert found.written > 0
    assert found.written % rows == 0


def test_the_next_records_of_a_batch_are_found_in_their_order(filled: str) -> None:
    # While a wave grows, Postgres may believe that any walk along the key soon meets records of the batch.
    plans = dict.fromkeys(("enable_seqscan", "enable_bitmapscan", "enable_sort"), "off")
    sample = sample_of(dsn=filled, scale=SCALE)
    for each in explain(dsn=filled, sample=sample, settings=plans, runs=1, names=IN_ORDER):
        assert each.scanned & GROWING == set(), each.name
        assert any("batch = " in condition for condition in each.conditions), each.name
