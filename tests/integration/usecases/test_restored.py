"""After the tracking database is restored from a copy nothing is created twice, known to the copy or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from kraken_import.domain.orders import Order
from kraken_import.generator import load
from kraken_import.local.postgres import Cluster
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.overview import show_wave
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.restored import end_restored, say_restored
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_reconcile import look

pytestmark = pytest.mark.proof

ERRORED = (225, 850, 1475, 2100, 2725)
"""Numbers of customers whom Kraken's import ends in error, and takes again when asked to."""
SOUND = 45
CUSTOMERS = [f"GB-{number:09}" for number in (*range(1, 25), *range(26, SOUND + 2), *ERRORED)]

LONG_AGO = "UPDATE migration.restored SET restored_at = restored_at - interval '1 hour'"


def said(reason: str | None = "The disk was lost") -> Order:
    return Order(by="ann", reason=reason, at=datetime.now(UTC))


def restore(journey: Journey) -> str:
    """Say that the database was restored, so long ago that all that was sent before is visible."""
    sentence = say_restored(tracking=journey.tracking, order=said())
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(LONG_AGO)
    return sentence


def end(journey: Journey, unlisted: str | None = None) -> str:
    return end_restored(tracking=journey.tracking, order=said(), unlisted=unlisted)


def shown(journey: Journey, wave: str) -> str | None:
    return show_wave(tracking=journey.tracking, wave=wave).restored


def generate_errored(journey: Journey) -> None:
    for number in ERRORED:
        load.generate(
            engine=journey.legacy_superuser, dialect="edf_accounts", first=number, last=number, seed=7
        )


@contextmanager
def copies(journey: Journey, postgres: Cluster) -> Iterator[tuple[Callable[[], None], Callable[[], Journey]]]:
    """What copies the tracking database of a journey, and what puts that copy in its place."""
    source = str(journey.tracking.url.database)
    copy = f"{source}_copy"
    engines: list[Engine] = []

    def take() -> None:
        journey.tracking.dispose()
        journey.tracking_superuser.dispose()
        postgres.create_database(name=copy, template=source)

    def put_back() -> Journey:
        journey.tracking.dispose()
        engines.append(
            create_engine(journey.tracking.url.set(database=copy), poolclass=NullPool, hide_parameters=True)
        )
        return replace(journey, tracking=engines[-1])

    try:
        yield take, put_back
    finally:
        for engine in engines:
            engine.dispose()


@pytest.fixture
def copied(begin: BeginJourney, postgres: Cluster) -> Iterator[tuple[Journey, Any]]:
    """A journey, and what copies its tracking database and puts that copy in its place."""
    journey = begin("--recreate-after-error", "accept", customers=SOUND + 1)
    generate_errored(journey)
    with copies(journey, postgres) as both:
        yield journey, both


def test_a_wave_that_the_restored_copy_never_knew_is_planned_again_and_created_once(
    copied: tuple[Journey, Any],
) -> None:
    journey, (take, put_back) = copied
    take()
    finished_wave(journey, *CUSTOMERS)
    created = journey.created()
    assert set(created.values()) == {1}
    assert len(created) == 50

    journey = put_back()
    assert journey.rows("SELECT * FROM migration.wave") == []
    assert "each create waits for a look-up" in restore(journey)
    with pytest.raises(BadRequest, match="0 of 0 live waves were not reconciled in full since"):
        end(journey)
    wave_id = finished_wave(journey, *CUSTOMERS, name="again")

    assert journey.created() == created
    assert journey.states(wave_id) == {"processed": 45, "errored": 5}
    shown = show_wave(tracking=journey.tracking, wave="again").restored
    assert shown is not None
    assert "by ann, because: The disk was lost; each create waits for a look-up" in shown
    page = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))["index.html"]
    assert "by ann, because: The disk was lost" in page

    with pytest.raises(BadRequest, match="1 of 1 live waves were not reconciled in full since"):
        end(journey)
    assert look(journey, full=True).failure is None
    assert "1 live waves are as Kraken has them" in end(journey)
    with pytest.raises(BadRequest, match="No restore is in force"):
        end(journey)


def test_what_the_copy_knows_as_uncreated_differs_until_it_is_looked_up(copied: tuple[Journey, Any]) -> None:
    journey, (take, put_back) = copied
    wave_id = journey.valid_wave(limit=None, identifiers=(*CUSTOMERS[:3], CUSTOMERS[-1]))
    take()
    journey.finish(wave_id)
    created = journey.created()
    journey.strike(kind="never_ends", keys=[CUSTOMERS[0]])

    journey = put_back()
    assert look(journey, full=True).waves == ()
    restore(journey)
    # One is shown as under way: Kraken has it all the same.
    found = look(journey, full=True)
    assert found.differences == {"not_created_here": 4}
    with pytest.raises(BadRequest, match="4 differences are open, so settle them"):
        end(journey)
    journey.create(wave_id)
    journey.heal()
    journey.poll(wave_id)
    assert journey.created() == created
    assert journey.states(wave_id) == {"processed": 3, "errored": 1}
    assert look(journey, full=True).failure is None
    end(journey)


def test_a_supplier_of_which_the_copy_has_no_wave_is_looked_up_until_it_is_compared_too(
    begin: BeginJourney, postgres: Cluster
) -> None:
    supplier = "OTHER_SUPPLIER"
    journey = begin("--recreate-after-error", "accept", "--supplier", f"{supplier}=edf_accounts", customers=2)
    generate_errored(journey)
    finished_wave(journey, CUSTOMERS[0], name="a")
    with copies(journey, postgres) as (take, put_back):
        take()
        finished_wave(journey, *CUSTOMERS[-5:], name="b", import_supplier=supplier)
        created = journey.created()
        assert (len(created), set(created.values())) == (6, {1})

        journey = put_back()
        restore(journey)
        look(journey, full=True)
        assert "those of any other still wait for a look-up" in end(journey)
        with pytest.raises(BadRequest, match="No restore is in force"):
            end(journey)
        assert shown(journey, "a") is None
        # The copy knows nothing of this supplier, so its end proves nothing of it.
        wave_id = finished_wave(journey, *CUSTOMERS[-5:], name="b again", import_supplier=supplier)
        assert journey.created() == created
        assert journey.states(wave_id) == {"errored": 5}
        assert "each create of an import supplier not compared since waits" in str(shown(journey, "b again"))
        with pytest.raises(BadRequest, match="1 of 1 live waves were not reconciled in full since"):
            end(journey)
        assert look(journey, full=True).failure is None
        assert "1 live waves are as Kraken has them" in end(journey)
        assert shown(journey, "b again") is None
        with pytest.raises(BadRequest, match="No restore is in force"):
            end(journey)
        # Another restore begins anew.
        say_restored(tracking=journey.tracking, order=said())
        with pytest.raises(BadRequest, match="2 of 2 live waves were not reconciled in full since"):
            end(journey)


def test_what_was_compared_before_all_that_was_sent_is_visible_ends_nothing(journey: Journey) -> None:
    finished_wave(journey, CUSTOMERS[0])
    say_restored(tracking=journey.tracking, order=said())
    # The clock of the worker that compares proves nothing.
    assert look(journey, full=True, later=timedelta(days=1)).failure is None
    with pytest.raises(BadRequest, match="since all that was sent before it is visible, a few minutes"):
        end(journey)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(LONG_AGO)
    assert look(journey, full=True, later=-timedelta(days=1)).failure is None
    end(journey)


def test_nothing_is_created_before_all_that_was_sent_is_visible_or_where_kraken_answers_no_look_up(
    journey: Journey,
) -> None:
    wave_id = journey.valid_wave(limit=2)
    say_restored(tracking=journey.tracking, order=said())
    held = journey.create(wave_id).held
    assert held is not None
    assert (held.why, held.seconds > 1) == ("doubt", True)
    assert "all that was sent before is visible, and creates go on" in held.sentence
    restore(journey)
    journey.strike(kind="error", status=405, operation="status")
    with pytest.raises(
        SystemicFault, match=r"answers no look-up of accounts, so nothing can be created safely"
    ):
        journey.create(wave_id)
    (stopped,) = journey.rows("SELECT stop_code FROM migration.wave WHERE stopped_at IS NOT NULL")
    assert (stopped["stop_code"], journey.created()) == ("misrouted", {})
    with pytest.raises(BadRequest, match="Say by --reason which copy was restored"):
        say_restored(tracking=journey.tracking, order=said(reason=" "))


def test_where_kraken_lists_nothing_a_person_says_what_its_support_found(begin: BeginJourney) -> None:
    dialect = "essential_supply_points_cdns"
    journey = begin(customers=2, dialects=(dialect,))
    restore(journey)
    wave_id = journey.valid_wave(dialect=dialect, limit=2)
    journey.finish(wave_id)
    assert look(journey, full=True).failure is None
    with pytest.raises(BadRequest, match="no listing of 1 import suppliers since, so have Kraken's support"):
        end(journey)
    assert "The restore is over" in end(journey, unlisted="Nothing beside ours, says their support")
