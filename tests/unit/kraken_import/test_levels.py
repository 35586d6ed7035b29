"""What answers teach about a Kraken's limits, and how what it takes is divided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from kraken_import.client.gate import Seen
from kraken_import.tracking.shares import AccountLevel, RequestLevel, Share
from kraken_import.usecases.levels import (
    Creates,
    after_creates,
    after_requests,
    are_too_many,
    divide,
    limit_of,
    may_probe,
    portion,
    probed,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALLOWED = 128


def _share(holder: str, wants: int, has: int = 0) -> Share:
    return Share(holder=holder, wants=wants, allowed=9, requests=has, per_second=None)


def _after(level: RequestLevel, *, at: float = 0, granted: int = 32, **seen: float) -> RequestLevel:
    return after_requests(
        level=level,
        seen=Seen(**seen),  # type: ignore[arg-type]
        granted=granted,
        allowed=ALLOWED,
        now=NOW + timedelta(seconds=at),
    )


@pytest.mark.parametrize(
    ("limit", "wants", "due"),
    [
        (128, [32, 32], [32, 32]),
        (128, [32] * 8, [16] * 8),
        # What one leaves is for the others.
        (100, [2, 90, 90], [2, 49, 49]),
        (10, [1, 1, 50], [1, 1, 8]),
        (3, [5, 5, 5], [1, 1, 1]),
        (2, [5, 5, 5], [1, 1, 0]),
        (5, [3, 3], [3, 2]),
    ],
)
def test_shares_are_even_and_what_one_leaves_is_for_the_others(
    limit: int, wants: list[int], due: list[int]
) -> None:
    shares = [_share(str(number), wanted) for number, wanted in enumerate(wants)]
    assert list(divide(limit=limit, shares=shares).values()) == due


def test_shares_never_come_to_more_than_the_limit_nor_to_less_than_could_be_used() -> None:
    for limit, first, second, third in product(range(1, 9), range(1, 5), range(1, 5), range(1, 5)):
        shares = [_share(name, wants) for name, wants in (("a", first), ("b", second), ("c", third))]
        due = divide(limit=limit, shares=shares)
        assert sum(due.values()) == min(limit, first + second + third)
        assert all(due[share.holder] <= share.wants for share in shares)


def test_with_fewer_places_than_shares_those_that_have_none_come_first() -> None:
    had = replace(_share("a", 5, has=1), served_at=NOW)
    new = _share("b", 5)
    assert divide(limit=1, shares=[had, new]) == {"a": 0, "b": 1}
    # Also once it has given its place up.
    assert divide(limit=1, shares=[replace(had, requests=0), new]) == {"a": 0, "b": 1}


def test_of_many_that_have_no_place_yet_each_finds_the_same_ones_to_be_next() -> None:
    # Each sees itself last, since its own share is not among those it reads.
    shares = [replace(_share(name, 1), taken_at=NOW) for name in "abcdef"]
    seen = [divide(limit=2, shares=[*(each for each in shares if each is not mine), mine]) for mine in shares]
    assert all(due == {"a": 1, "b": 1, "c": 0, "d": 0, "e": 0, "f": 0} for due in seen)


def test_a_limit_is_never_above_what_the_connection_allows_and_never_nothing() -> None:
    assert limit_of(level=RequestLevel(), allowed=5) == 5
    assert limit_of(level=RequestLevel(places=7.9), allowed=5) == 5
    assert limit_of(level=RequestLevel(places=3.9), allowed=5) == 3
    assert limit_of(level=RequestLevel(places=1.0), allowed=5) == 1


@pytest.mark.parametrize(
    ("before", "refused", "after"),
    [
        # A single 429 leaves the limit by at most a place, and by at most a twentieth.
        (128, 1, 127),
        (40, 1, 39),
        (10, 1, 9.5),
        (1, 1, 1),
        # Of a burst, as many were served as Kraken takes.
        (32, 16, 16),
        (128, 16, 112),
        # Where all were refused it says nothing of how many: a pause, and no cut.
        (128, 32, 127),
    ],
)
def test_a_limit_met_by_429_is_left_by_little(before: float, refused: int, after: float) -> None:
    level = _after(
        RequestLevel(places=before), granted=min(32, int(before)), calls=max(32, refused), refused=refused
    )
    assert level.places == pytest.approx(after, abs=0.6)
    assert level.met


def test_a_limit_that_was_met_is_tried_again_once_in_200_calls_and_then_further_each_time() -> None:
    level = RequestLevel(places=20, met=True)
    tried = []
    for _ in range(60):
        level = _after(level, granted=20, calls=10)
        tried.append(level.places)
    assert tried[18:20] == [20, 21]
    assert tried[38:40] == [21, 23]
    assert tried[58:60] == [23, 27]


@pytest.mark.parametrize(
    "seen",
    [{"calls": 10, "troubled": 1}, {"calls": 40, "troubled": 40}, {"calls": 20, "seconds": 60}],
    ids=["a tenth without an answer", "none with an answer", "three times as slow, and slow"],
)
def test_trouble_halves_the_requests_but_not_again_within_ten_seconds(seen: dict[str, float]) -> None:
    level = _after(RequestLevel(usual_seconds=0.3), **seen)
    assert level.places == 64
    assert _after(level, at=5, **{**seen, "troubled": 9}).places == 64
    assert _after(level, at=11, **{**seen, "troubled": 9}).places == 32


@pytest.mark.parametrize(
    "seen",
    [
        {"calls": 9, "troubled": 9},
        {"calls": 200, "troubled": 19},
        # Slower than usual, and still quick.
        {"calls": 100, "seconds": 95},
    ],
)
def test_little_trouble_halves_nothing(seen: dict[str, float]) -> None:
    assert _after(RequestLevel(usual_seconds=0.1), **seen).places is None


def test_what_is_slower_from_now_on_becomes_usual() -> None:
    level = RequestLevel(usual_seconds=0.3)
    halved = 0
    for turn in range(100):
        before = level.places or ALLOWED
        level = _after(level, at=3 * turn, calls=20, seconds=40)
        halved += (level.places or ALLOWED) < before
    assert halved <= 4
    assert level.places is None


def test_after_trouble_the_requests_grow_again_by_themselves() -> None:
    level = _after(RequestLevel(), calls=10, troubled=10)
    assert _after(level, at=3, calls=50).places == 64
    level = _after(level, at=11, calls=50)
    assert level.places == 96
    assert _after(level, at=22, calls=50).places is None


def test_nothing_is_learnt_of_nothing() -> None:
    level = RequestLevel(places=7, met=True, calls=199)
    assert _after(level, calls=0) == level


@pytest.mark.parametrize(
    ("known", "at_kraken", "limit"),
    [
        (None, 200, 200),
        (None, 0, 1),
        # Others' creates were accepted meanwhile.
        (200, 230, 230),
        (200, 198, 198),
        # By at most a twentieth, whatever has ended since.
        (200, 100, 190),
        (1, 1, 1),
    ],
)
def test_a_refused_account_says_how_many_kraken_takes(known: int | None, at_kraken: int, limit: int) -> None:
    level = after_creates(
        level=AccountLevel(accounts=known, calls=500, step=8),
        seen=Creates(accepted=3, refused=2, at_kraken=at_kraken, sent=5),
    )
    # Of several at once some may have been too many requests.
    assert level == AccountLevel(accounts=limit)


def test_a_limit_is_sure_once_a_create_was_refused_that_was_sent_alone() -> None:
    level = AccountLevel(accounts=200)
    sure = after_creates(
        level=level, seen=Creates(accepted=0, refused=1, at_kraken=200, was_probe=True, sent=1)
    )
    assert sure == AccountLevel(accounts=200, confirmed=True)
    # It stays sure when a few at once meet it again.
    again = after_creates(level=sure, seen=Creates(accepted=1, refused=3, at_kraken=199, sent=4))
    assert again == AccountLevel(accounts=199, confirmed=True)
    assert not after_creates(
        level=AccountLevel(), seen=Creates(accepted=0, refused=1, at_kraken=3, sent=1)
    ).confirmed


def test_one_account_more_is_tried_once_in_200_calls_and_further_if_it_is_taken() -> None:
    assert not may_probe(level=AccountLevel(calls=1_000))
    assert not may_probe(level=AccountLevel(accounts=10, confirmed=True, calls=199))
    assert may_probe(level=AccountLevel(accounts=10, confirmed=False, calls=0))
    level = AccountLevel(accounts=10, confirmed=True, calls=200)
    assert may_probe(level=level)
    level = probed(level=level)
    assert not may_probe(level=level)
    for limit in (11, 12, 13, 14):
        level = after_creates(
            level=level, seen=Creates(accepted=1, refused=0, at_kraken=10, was_probe=True, sent=1)
        )
        assert level.accounts == limit
        assert level.confirmed
    # A number that was taken five times is not a limit.
    assert not after_creates(
        level=level, seen=Creates(accepted=1, refused=0, at_kraken=1, was_probe=True, sent=1)
    ).confirmed
    assert after_creates(level=level, seen=Creates(accepted=1, refused=0, at_kraken=1, sent=1)) == level


@pytest.mark.parametrize(
    ("known", "confirmed", "limits"),
    [(400, True, [401, 403, 407, 415]), (400, False, [401, 403, 407, 415, 431])],
)
def test_a_limit_grows_quickly_unless_it_is_sure(known: int, confirmed: bool, limits: list[int]) -> None:
    level = AccountLevel(accounts=known, confirmed=confirmed)
    grown = []
    for _ in limits:
        level = after_creates(
            level=level, seen=Creates(accepted=1, refused=0, at_kraken=9, was_probe=True, sent=1)
        )
        grown.append(level.accounts)
    assert grown == limits


@pytest.mark.parametrize(
    ("room", "limit", "at_once"), [(1, 10, 1), (3, 10, 1), (200, 200, 100), (4, 200, 4), (9, 200, 4)]
)
def test_near_a_limit_that_is_sure_few_go_at_once(room: int, limit: int, at_once: int) -> None:
    assert portion(room=room, level=AccountLevel(accounts=limit, confirmed=True)) == at_once
    assert portion(room=room, level=AccountLevel(accounts=limit)) == room


def test_a_create_that_is_refused_soon_after_other_requests_was_one_request_too_many() -> None:
    assert not are_too_many(level=RequestLevel(), now=NOW)
    level = _after(RequestLevel(), calls=50, refused=3)
    assert level.refused_at == NOW
    assert are_too_many(level=level, now=NOW + timedelta(seconds=59))
    assert not are_too_many(level=level, now=NOW + timedelta(seconds=61))
    of_creates = after_requests(
        level=RequestLevel(),
        seen=Seen(calls=50, refused=3, of_creates=True),
        granted=32,
        allowed=ALLOWED,
        now=NOW,
    )
    assert of_creates.met
    assert of_creates.refused_at is None


def test_requests_that_fail_however_few_are_made_do_not_bring_a_wave_to_a_stand() -> None:
    """As records do that Kraken fails on, each tried five times."""
    level = RequestLevel(usual_seconds=0.2)
    for turn in range(1_200):
        level = _after(level, at=3 * turn, calls=60, troubled=7, seconds=12)
    assert limit_of(level=level, allowed=ALLOWED) >= ALLOWED // 8


def test_a_connection_that_allows_fewer_requests_leaves_what_was_learnt_of_more() -> None:
    level = RequestLevel(places=64, met=True, usual_seconds=0.2)
    for turn in range(100):
        level = after_requests(
            level=level,
            seen=Seen(calls=50, seconds=10),
            granted=16,
            allowed=16,
            now=NOW + timedelta(seconds=3 * turn),
        )
    assert (level.places, level.met) == (64, True)


def test_refusals_while_accounts_end_make_no_limit_certain() -> None:
    """Kraken takes none for a minute, whatever for, while two hundred accounts end there."""
    level = AccountLevel()
    for left in range(200, 0, -4):
        level = after_creates(level=level, seen=Creates(accepted=0, refused=1, at_kraken=left, sent=1))
    assert not level.confirmed
    # So that the next ones are tried at once, further each time.
    assert may_probe(level=level)


def test_refusals_at_one_time_lower_a_limit_once() -> None:
    level = AccountLevel(accounts=200, confirmed=True)
    for turn in range(8):
        level = after_creates(
            level=level, seen=Creates(accepted=0, refused=4, at_kraken=40, sent=1, is_repeated=turn > 0)
        )
    assert level == AccountLevel(accounts=190, confirmed=False)
