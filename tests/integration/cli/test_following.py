"""A wave as a terminal draws it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from kraken_import.cli.following import draw, picture
from kraken_import.reporting.columns import columns
from kraken_import.usecases.following import follow_wave
from kraken_import.usecases.triage import Mapped
from tests.integration.conftest import CUSTOMERS, Journey
from tests.integration.usecases.test_reconcile import play


def drawn(journey: Journey, wave_id: int, *, width: int = 160) -> str:
    mapped = Mapped.read(document=columns(name="edf_accounts"))
    screen = Console(file=io.StringIO(), width=width, force_terminal=False)
    screen.print(picture(found=follow_wave(tracking=journey.tracking, wave_id=wave_id, mapped=mapped)))
    return screen.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_a_wave_that_ended_shows_funnel_pace_and_causes_with_their_column(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'ZZZ' WHERE account_number = "
            "(SELECT min(account_number) FROM legacy.account WHERE account_number LIKE 'GB-%%')"
        )
    wave_id = play(journey, limit=CUSTOMERS)
    shown = drawn(journey, wave_id)
    assert f"{CUSTOMERS - 1}  processed" in shown
    assert "records a second while it worked" in shown
    (cause,) = [line for line in shown.splitlines() if "account_class" in line]
    assert "legacy.account.account_class" in cause
    assert "our build" in cause


def test_a_stopped_wave_says_what_to_do(journey: Journey) -> None:
    wave_id = journey.plan(limit=3).wave_id
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET stopped_at = now(), stop_reason = 'No.', stop_code = 'unauthorised'"
        )
    shown = " ".join(drawn(journey, wave_id).split())
    assert "What to do: put a valid one into the Connection; then `kraken-migrate wave clear" in shown


def test_what_people_wrote_is_text_and_no_markup(journey: Journey) -> None:
    wave_id = journey.plan(limit=1, name="[red]night[/red]").wave_id
    assert "[red]night[/red]" in drawn(journey, wave_id)


def test_it_is_drawn_until_the_wave_has_ended(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    wave_id = play(journey, limit=1)
    ended = follow_wave(tracking=journey.tracking, wave_id=wave_id)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET outcome = NULL, finished_at = NULL")
    going_on = follow_wave(tracking=journey.tracking, wave_id=wave_id)
    looks = iter([going_on, going_on, ended])
    screen = Console(file=io.StringIO(), width=120, force_terminal=True)
    draw(look=lambda: next(looks), console=screen, seconds=0.01)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "under way" in text
    assert text.rstrip().count("succeeded") >= 1
    assert next(looks, None) is None
