import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from kraken_import.domain.lifecycle import State
from kraken_import.local import display
from kraken_import.local.outcome import ErrorGroup
from kraken_import.local.waves import Progress, StartedWave
from kraken_import.tracking.outages import Outage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIALECTS = ("edf_accounts", "essential_supply_points_cdns")
LONG_CODE = "historical_statement_transactions_balance_mismatch"
LONG_FIELD = "cdns.outage_contact.postal_address.structured_street_address.flat_or_unit_type"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_PLAIN_SECONDS", 0.0)


def test_no_table_is_wider_than_a_terminal_of_80_columns_or_breaks_within_a_word() -> None:
    progress = [_ended(dialect=dialect, processed=1_000_000) for dialect in DIALECTS]
    groups = [
        _group(code=LONG_CODE, path="ledgers.historical_statement_transactions"),
        _group(code="invalid", path=LONG_FIELD),
        _group(code="substation_not_found", path=""),
    ]
    tables = [
        display.outcome_table(progress=progress, now=NOW),
        display.progress_table(progress=progress, now=NOW),
        *display.error_tables(groups=groups),
    ]
    for table in tables:
        drawn = _drawn(table, width=80)
        assert max(len(line) for line in drawn.splitlines()) <= 80
        assert _words(drawn) == _words(_drawn(table, width=300))


def test_more_waves_than_fit_side_by_side_fold_their_names_and_keep_their_figures() -> None:
    progress = [_ended(dialect="essential_supply_points_cdns", processed=20_000) for _ in range(4)]
    drawn = _drawn(display.outcome_table(progress=progress, now=NOW), width=80)
    assert drawn.count("20,000") == 8
    assert "cdns" in drawn
    assert max(len(line) for line in drawn.splitlines()) <= 80


def test_a_dry_run_is_shown_as_one_and_its_customers_are_not_called_processed() -> None:
    wave = replace(_wave(dialect="edf_accounts"), is_dry_run=True)
    states = {State.DRY_RUN_SUCCEEDED: 41, State.DRY_RUN_ERRORED: 3}
    progress = Progress(wave=wave, run_state="success", wave_id=1, states=states, last_settled_at=NOW)
    assert (progress.processed, progress.failed) == (41, 3)
    assert "41 rehearsed, 3 failed" in _lines(progress)[0]
    drawn = _drawn(display.outcome_table(progress=[progress], now=NOW), width=80)
    drawn += _drawn(display.progress_table(progress=[progress], now=NOW), width=80)
    assert "Dry run succeeded" in drawn
    assert "rocessed" not in drawn


def test_an_error_stands_in_one_line_where_there_is_room() -> None:
    (table,) = display.error_tables(groups=[_group(code=LONG_CODE, path=LONG_FIELD)])
    assert f"{LONG_CODE} at {LONG_FIELD}" in _drawn(table, width=200)


def test_a_wave_that_is_not_planned_yet_shows_no_zeros() -> None:
    unplanned = Progress(wave=_wave(dialect="edf_accounts"), run_state="queued")
    assert _lines(unplanned, unplanned) == ["edf_accounts: waits for its plan"]
    assert "0" not in _drawn(display.progress_table(progress=[unplanned], now=NOW), width=80)
    failed = Progress(wave=_wave(dialect="edf_accounts"), run_state="failed")
    assert _lines(failed) == ["edf_accounts: was not planned"]


def test_what_has_been_said_is_not_said_again_when_the_run_ends() -> None:
    settled = _ended(dialect="edf_accounts", processed=90, run_state="running")
    ended = _ended(dialect="edf_accounts", processed=90)
    assert _lines(settled, ended) == [
        "edf_accounts: 90 customers, 90 built, 90 valid, 90 created, 90 processed, 0 failed, 9 accounts/s"
    ]


def test_parked_customers_and_an_outage_are_shown_while_there_are_any() -> None:
    outage = Outage(
        id=1,
        target_kraken="https://kraken:443",
        is_silent=True,
        began_at=NOW - timedelta(minutes=5),
        next_try_at=NOW,
        gives_up_at=NOW + timedelta(minutes=25),
        tries=7,
        seen_at=NOW,
    )
    sound = _ended(dialect="edf_accounts", processed=90, run_state="running")
    assert "arked" not in _drawn(display.progress_table(progress=[sound], now=NOW), width=80)
    waiting = replace(sound, states={State.PROCESSED: 90, State.PARKED: 3}, outage=outage)
    sentence = "Kraken has not answered since 11:55 UTC, and is given up at 12:25"
    assert _lines(waiting)[0].endswith(f"0 failed, 3 parked, 9 accounts/s; {sentence}")
    table = _drawn(display.progress_table(progress=[waiting, waiting], now=NOW), width=80)
    assert " ".join(table.split()).count(sentence) == 1
    assert re.search(r"Parked +3 +3", table)
    ended = _drawn(display.outcome_table(progress=[replace(waiting, run_state="failed")], now=NOW), width=80)
    assert re.search(r"Parked +3\nOther +0", ended)


def test_a_line_without_room_goes_on_at_a_space() -> None:
    wave = _ended(dialect="essential_supply_points_cdns", processed=20_000)
    first, second = _lines(wave, width=80)
    assert len(first) <= 80
    assert f"{first} {second}".endswith("20,000 processed, 0 failed, 2000 accounts/s")


def _lines(*shown: Progress, width: int = 200) -> list[str]:
    output = StringIO()
    with display.progress_lines(target=Console(file=output, width=width, highlight=False)) as show:
        for each in shown:
            show([each])
    return [line.rstrip() for line in output.getvalue().splitlines()]


def _drawn(what: RenderableType, *, width: int) -> str:
    output = StringIO()
    Console(file=output, width=width, highlight=False).print(what)
    return output.getvalue()


def _words(drawn: str) -> list[str]:
    return sorted(re.findall(r"\w[^\W_]*", drawn.replace("_", " ")))


def _group(*, code: str, path: str) -> ErrorGroup:
    return ErrorGroup(
        dialect="edf_accounts",
        state="rejected",
        code=code,
        path=path,
        customers=1_234,
        example="GB-000000075",
    )


def _wave(*, dialect: str) -> StartedWave:
    return StartedWave(dialect=dialect, dag_id=f"migrate_{dialect}", run_id="r", at=NOW)


def _ended(*, dialect: str, processed: int, run_state: str = "success") -> Progress:
    return Progress(
        wave=_wave(dialect=dialect),
        run_state=run_state,
        wave_id=1,
        states={State.PROCESSED: processed},
        last_settled_at=NOW + timedelta(seconds=10),
    )
