"""No statement grows with what other waves have left behind: seen in its plan, on sixty small waves."""

from __future__ import annotations

import pytest

from benchmarks.growth_explain import MOST_PARTITIONS, Found, explain, sample_of
from benchmarks.growth_fill import Scale, fill
from tests.conftest import NewDatabase

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


@pytest.fixture(scope="module")
def explained(new_database: NewDatabase, tracking_template: str) -> list[Found]:
    """Every statement, explained."""
    dsn = new_database(template=tracking_template)
    fill(dsn=dsn, scale=SCALE, tell=lambda _: None)
    # On so few rows Postgres would read them all, whether or not it has to.
    plans = dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off")
    plans["random_page_cost"] = "1"
    return explain(dsn=dsn, sample=sample_of(dsn=dsn, scale=SCALE), settings=plans, runs=1)


def test_no_statement_locks_the_payloads_and_answers_of_other_waves(explained: list[Found]) -> None:
    assert {each.name: each.partitions for each in explained if each.partitions > MOST_PARTITIONS} == {}


def test_every_statement_finds_its_records_by_an_index(explained: list[Found]) -> None:
    scanned = {each.name: each.scanned & GROWING for each in explained if each.name not in EXCUSED}
    assert {name: tables for name, tables in scanned.items() if tables} == {}
