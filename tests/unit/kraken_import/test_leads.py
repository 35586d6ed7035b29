"""Where a finding leads when it names no field of one value: to the columns that may be mended."""

from __future__ import annotations

import pytest

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.gate import Cause
from kraken_import.usecases.parties import in_markdown
from kraken_import.usecases.triage import Mapped, mapped_of

AGREEMENTS = "supply_addresses.meter_points.agreements"


@pytest.fixture(scope="module")
def mapped() -> Mapped:
    return mapped_of(dialect="edf_accounts")


@pytest.mark.parametrize(
    ("path", "code", "sources"),
    [
        # No row: what hides it is what the query asks of the rows around it.
        ("customers", "missing_child", ("legacy.party", "legacy.account_role.valid_to")),
        # An object as a whole: the dates, or the amounts, that the rule is about.
        (
            AGREEMENTS,
            "gaps_or_overlaps_in_agreement_dates",
            ("legacy.contract.starts_on", "legacy.contract.ends_on"),
        ),
        ("", "historical_statement_transactions_balance_mismatch", ("legacy.ledger_transaction.amount",)),
        (
            "historical_statement_transactions",
            "historical_statement_transactions_balance_mismatch",
            ("legacy.ledger_transaction.amount",),
        ),
    ],
)
def test_what_is_wrong_with_a_whole_leads_to_columns_and_not_to_a_table_alone(
    mapped: Mapped, path: str, code: str, sources: tuple[str, ...]
) -> None:
    found = mapped.trace(path=path, code=code)
    assert set(sources) <= set(found.source.split(", "))
    assert found.queries


@pytest.mark.parametrize(
    ("path", "code", "how"),
    [
        ("detail", "invalid", "no field of the payload"),
        ("", "invalid", "neither a field nor a code"),
        ("", "import_process_failed_validation", "rehearse these records"),
        ("", "not_possible", "Kraken named no field"),
    ],
)
def test_where_nothing_leads_to_a_column_it_is_said_why(
    mapped: Mapped, path: str, code: str, how: str
) -> None:
    found = mapped.trace(path=path, code=code, origin="kraken")
    assert found.source == ""
    assert how in found.how


def test_a_sentence_names_the_column_that_the_legacy_database_has(mapped: Mapped) -> None:
    said = "Column start_date is empty but required."
    found = mapped.trace(path="payment_schedules.start_date", code="missing_value")
    assert mapped.worded(detail=said, traced=found) == (
        "Column start_date of the query, from legacy.payment_schedule.starts_on, is empty but required."
    )
    # Of a mapping that is not known nothing is said of it.
    nothing = Mapped(columns={}, rules={}).trace(path="payment_schedules.start_date", code="missing_value")
    assert mapped.worded(detail=said, traced=nothing) == said


def test_who_approves_reads_the_same_columns_as_who_looks_for_causes() -> None:
    causes = [
        Cause(state=state, code=code, path=path, is_built=True, on_create=False, records=7)
        for state, code, path in (
            (State.REJECTED, "missing_child", "customers"),
            (State.INVALID, "historical_statement_transactions_balance_mismatch", ""),
            (State.INVALID, "not_possible", ""),
        )
    ]
    *_, missing, mismatch, nothing = in_markdown(causes=causes, dialect="edf_accounts").split("\n")
    assert "legacy.account_role.valid_to" in missing
    assert "legacy.ledger_transaction.amount" in mismatch
    assert nothing.endswith("| `not_possible` |  |  |")
