"""One Airflow for a tracking database: claims on a real Postgres, with the database's clock alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from kraken_import.tracking import installation
from kraken_import.tracking.installation import LAPSE, OtherInstallation, claim, free, renew


def held(engine: Engine) -> tuple[str, str, datetime, datetime]:
    with engine.connect() as connection:
        row = connection.exec_driver_sql(
            "SELECT id, name, first_seen_at, seen_at FROM migration.installation"
        ).one()
    return (row.id, row.name, row.first_seen_at, row.seen_at)


def seen(engine: Engine, ago: timedelta) -> None:
    """As if the installation had been seen last so long ago."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE migration.installation SET seen_at = clock_timestamp() - :ago"), {"ago": ago}
        )


def test_a_second_installation_is_refused_by_name_until_the_first_has_lapsed(tracking_engine: Engine) -> None:
    claim(engine=tracking_engine, installation_id="first", name="https://one on a")
    since = held(tracking_engine)[2]
    seen(tracking_engine, LAPSE - timedelta(minutes=1))
    lapses_at = held(tracking_engine)[3].astimezone(UTC) + LAPSE
    sentence = (
        rf"Airflow, https://one on a, uses .* wait until {lapses_at:%Y-%m-%d %H:%M} UTC .* `kraken-migrate "
        r"db take-over`, and clear the run\."
    )
    with pytest.raises(OtherInstallation, match=sentence):
        claim(engine=tracking_engine, installation_id="second", name="https://two on b")
    # Another machine of the first one.
    claim(engine=tracking_engine, installation_id="first", name="https://one on c")
    assert held(tracking_engine)[:3] == ("first", "https://one on c", since)
    seen(tracking_engine, LAPSE + timedelta(seconds=1))
    claim(engine=tracking_engine, installation_id="second", name="https://two on b")
    assert held(tracking_engine)[:2] == ("second", "https://two on b")
    assert held(tracking_engine)[2] > since
    with pytest.raises(OtherInstallation, match="https://two on b"):
        claim(engine=tracking_engine, installation_id="first", name="https://one on a")


@pytest.mark.parametrize("is_lapsed", [False, True])
def test_of_many_that_claim_at_once_one_holds_it(tracking_engine: Engine, is_lapsed: bool) -> None:
    if is_lapsed:
        claim(engine=tracking_engine, installation_id="gone", name="gone")
        seen(tracking_engine, LAPSE * 2)

    def won(number: int) -> bool:
        try:
            claim(engine=tracking_engine, installation_id=str(number), name=str(number))
        except OtherInstallation:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(won, range(16)))
    assert [str(number) for number, outcome in enumerate(outcomes) if outcome] == [held(tracking_engine)[0]]


def test_a_claim_is_written_once_a_minute_at_most(tracking_engine: Engine) -> None:
    claim(engine=tracking_engine, installation_id="first", name="one")
    before = held(tracking_engine)
    claim(engine=tracking_engine, installation_id="first", name="one")
    assert held(tracking_engine) == before
    seen(tracking_engine, timedelta(minutes=2))
    claim(engine=tracking_engine, installation_id="first", name="one")
    assert held(tracking_engine)[3] > before[3]


def test_what_waits_keeps_a_claim_and_never_makes_one(tracking_engine: Engine) -> None:
    renew(engine=tracking_engine, installation_id="first")
    claim(engine=tracking_engine, installation_id="first", name="one")
    seen(tracking_engine, LAPSE)
    gone = held(tracking_engine)
    renew(engine=tracking_engine, installation_id="second")
    assert held(tracking_engine) == gone
    renew(engine=tracking_engine, installation_id="first")
    assert held(tracking_engine)[3] > gone[3]


def test_an_installation_that_was_let_go_of_is_followed_at_once(tracking_engine: Engine) -> None:
    assert free(engine=tracking_engine) is None
    claim(engine=tracking_engine, installation_id="first", name="one")
    freed = free(engine=tracking_engine)
    assert freed is not None
    assert freed.name == "one"
    # The one that was let go of does not come back by itself.
    renew(engine=tracking_engine, installation_id="first")
    claim(engine=tracking_engine, installation_id="second", name="two")


def test_tasks_that_name_their_installation_come_one_by_one(tracking_engine: Engine) -> None:
    inside: list[int] = []

    def name(_: int) -> int:
        with installation.naming(engine=tracking_engine):
            inside.append(1)
            most = len(inside)
            inside.pop()
        return most

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(name, range(8))) == {1}
