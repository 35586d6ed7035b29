"""Plans, cohorts and holds beside an erasure and after it: nothing of the customer comes in unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from kraken_import.tracking import erasure, waves
from kraken_import.usecases.erase import Erasure
from kraken_import.usecases.faults import BadRequest
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_cohorts import customers, write
from tests.integration.usecases.test_erase import CLEAN, erase, everything, found_in

OTHER = "GB-000000002"


def during(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], Any]
) -> Callable[[], Future[Any]]:
    """Let `act` begin right after a function, and wait for its end. Returns what gives its future."""
    real, begun, pool = getattr(module, name), [], ThreadPoolExecutor(max_workers=1)

    def then(**given: Any) -> Any:
        found = real(**given)
        if not begun:
            begun.append(pool.submit(act))
            threading.Event().wait(0.5)
            assert not begun[0].done()
        return found

    monkeypatch.setattr(module, name, then)
    return lambda: begun[0]


def test_an_erasure_waits_for_the_plan_that_takes_the_customer_and_then_sees_its_record(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_wave(journey, CLEAN, name="trial", dry_run=True)
    erased = during(monkeypatch, waves, "close_planning", lambda: erase(journey, CLEAN))
    wave_id = journey.plan(identifiers=(CLEAN,), name="live").wave_id
    with pytest.raises(BadRequest, match=r"the record in wave 'live' \(\d+\) is planned"):
        erased().result()
    assert not journey.rows("SELECT FROM migration.erasure")
    journey.build(wave_id)
    journey.validate(wave_id)
    journey.create(wave_id)
    journey.poll(wave_id)
    journey.summarise(wave_id)
    assert erase(journey, CLEAN).records == 2
    assert found_in(everything(journey), sought={CLEAN}) == set()


def test_an_erasure_gives_way_to_a_plan_that_takes_long(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_wave(journey, CLEAN, name="trial", dry_run=True)
    monkeypatch.setitem(erasure._SQL, "lock", erasure._SQL["lock"].replace("5s", "100ms"))
    with journey.tracking.begin() as plan:
        plan.exec_driver_sql("SELECT pg_advisory_xact_lock_shared(7204617157)")
        with pytest.raises(
            BadRequest, match=r"a wave or a cohort is being planned, .* try again in a minute"
        ):
            erase(journey, CLEAN)


def test_an_erased_customer_is_in_no_later_cohort_and_what_has_come_since_is_erased_too(
    journey: Journey,
) -> None:
    finished_wave(journey, CLEAN, name="trial", dry_run=True)
    first = erase(journey, CLEAN)
    found = write(journey, "night")
    assert CLEAN not in customers(journey, "night")
    assert found.already_claimed == 1
    journey.plan(cohort="night")
    # As an earlier version, or a copy that was restored, may have them.
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.cohort_customer SET external_identifier = %s WHERE external_identifier = %s",
            (first.token, OTHER),
        )
        for changed in ("import_process", "cohort_customer"):
            (columns,) = connection.exec_driver_sql(
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attnum > 0 AND NOT "
                "attisdropped AND attidentity = '' AND attname <> 'external_identifier' "
                "AND attrelid = %s::regclass",
                (f"migration.{changed}",),
            ).one()
            connection.exec_driver_sql(
                f"INSERT INTO migration.{changed} ({columns}, external_identifier) "
                f"SELECT {columns}, %s FROM migration.{changed} WHERE external_identifier = %s",
                (CLEAN, first.token),
            )
    again = erase(journey, CLEAN)
    assert (again.is_done, again.records, again.token) == (True, 1, first.token)
    assert found_in(everything(journey), sought={CLEAN}) == set()
    logged = journey.rows("SELECT token, records FROM migration.erasure ORDER BY id")
    assert [tuple(row.values()) for row in logged] == [(first.token, 1), (first.token, 1)]


def test_of_two_erasures_at_once_both_say_the_token(journey: Journey) -> None:
    finished_wave(journey, CLEAN, name="pilot")
    together = threading.Barrier(2)

    def begin() -> Erasure:
        together.wait(5)
        return erase(journey, CLEAN)

    with ThreadPoolExecutor() as pool:
        both = [pool.submit(begin) for _ in range(2)]
    assert len({each.result().token for each in both}) == 1
