"""Settings of a policy: what is refused, what is stricter, and when a daily window comes."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.policies import BUILT_IN, PolicySettings, loosened, over, plain_values, read_policy
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.policy import daily_window_in_words, in_words, next_window, resolve, window_of

DEEP: object = functools.reduce(lambda inner, _: [inner], range(5_000), 1)
WHOSE = "the policy of cohort 'night'"


def connection(policies: object) -> KrakenSettings:
    return KrakenSettings.from_connection_fields(
        host="https://api.example.com", password="token", extra={"policies": policies}
    )


def test_a_connection_gives_policies_by_dialect_as_text_or_as_an_object() -> None:
    wanted = PolicySettings(approval="required", threshold=Decimal("0.02"), schedule_window="22:00-06:00")
    text = '{"edf_accounts": {"approval": "required", "threshold": 0.02, "schedule_window": "22:00 - 06:00"}}'
    assert connection(text).policies == {"edf_accounts": wanted}
    assert connection({"edf_accounts": plain_values(policy=wanted)}).policies == {"edf_accounts": wanted}
    assert connection("").policies == connection(None).policies == {}


@pytest.mark.parametrize(
    ("policies", "sentence"),
    [
        ("{", "'policies' must be JSON that gives settings by dialect"),
        ('{"edf_accounts": "strict"}', "'policies' must be JSON"),
        ('{"edf": {}}', "names dialect 'edf', which is not known: the dialects are edf_accounts,"),
        ('{"edf_accounts": {"treshold": 0.1}}', "policy for edf_accounts that names setting 'treshold'"),
        ('{"edf_accounts": {"threshold": 2}}', "wrong threshold: it must be a number from 0 to 1"),
        ('{"edf_accounts": {"threshold": true}}', "wrong threshold"),
        ('{"edf_accounts": {"error_share": "NaN"}}', "wrong error_share"),
        ('{"edf_accounts": {"threshold": 1e999999999999999999999}}', "wrong threshold"),
        ('{"edf_accounts": {"threshold": 0.12345678901234567890}}', "with at most 15 digits"),
        ('{"edf_accounts": {"approval_minutes": 1e-400}}', "wrong approval_minutes"),
        ("[" * 100_000, "'policies' must be JSON"),
        ('{"' + "x" * 5_000 + '": {}}', "names dialect 'xxxx"),
        ({"edf_accounts": {"error_count": 10**5_000}}, "whole number from 0"),
        (
            {"edf_accounts": {"threshold": functools.reduce(lambda deep, _: [deep], range(5_000), 1)}},
            "wrong threshold",
        ),
        ('{"edf_accounts": {"error_window": 0}}', "whole number from 1 to 100000"),
        ('{"edf_accounts": {"error_window": 1.5}}', "wrong error_window"),
        ('{"edf_accounts": {"error_window": 100001}}', "whole number from 1 to 100000"),
        ('{"edf_accounts": {"error_share": 1.01}}', "a number from 0 to 1"),
        ('{"edf_accounts": {"error_share": -0.01}}', "a number from 0 to 1"),
        ('{"edf_accounts": {"error_count": -1}}', "whole number from 0 to"),
        ('{"edf_accounts": {"error_count": 2.5}}', "wrong error_count"),
        ('{"edf_accounts": {"error_count": "Infinity"}}', "wrong error_count"),
        ('{"edf_accounts": {"approval": "maybe"}}', "must be required or unattended"),
        ('{"edf_accounts": {"approval_minutes": 0}}', "a number above 0"),
        ('{"edf_accounts": {"four_eyes": "yes"}}', "must be true or false"),
        ('{"edf_accounts": {"mode": "wet"}}', "must be live or rehearsal"),
        ('{"edf_accounts": {"requests_in_flight": 999}}', "from 1 to 256"),
        ('{"edf_accounts": {"schedule_window": "22-06"}}', "two times of the day like 22:00-06:00"),
        ('{"edf_accounts": {"schedule_window": "22:00-22:00"}}', "two times of the day"),
    ],
)
def test_what_a_connection_cannot_mean_is_one_sentence(policies: str, sentence: str) -> None:
    settings = connection(policies)
    with pytest.raises(UnableToReadConnection, match=sentence) as refusal:
        settings.policies.get("edf_accounts")
    assert str(refusal.value).startswith("Connection 'kraken': extra field 'policies' ")
    assert "\n" not in str(refusal.value)


def test_a_typo_in_the_policies_ends_no_polling() -> None:
    # Whatever does not plan a wave reads address, token and limits of the same Connection.
    settings = connection('{"edf_accounts": {"treshold": 0.1}}')
    assert (settings.target, settings.token) == ("https://api.example.com:443", "token")


def test_what_is_stored_is_read_back_unchanged() -> None:
    policy = over(said=PolicySettings(mode=Mode.LIVE, threshold=Decimal("0.015")), base=BUILT_IN)
    assert read_policy(values=plain_values(policy=policy)) == policy


STRICT: dict[str, Any] = {
    "approval": "required",
    "require_rehearsal": True,
    "four_eyes": True,
    "reruns_ask": True,
    "threshold": Decimal("0.1"),
    "error_share": Decimal("0.1"),
    "error_count": 5,
    "error_window": 100,
    "requests_in_flight": 8,
    "schedule_window": "22:00-06:00",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("approval", "unattended"),
        ("require_rehearsal", False),
        ("four_eyes", False),
        ("reruns_ask", False),
        ("threshold", Decimal("0.11")),
        ("error_share", Decimal(1)),
        ("error_count", 6),
        ("error_window", 99),
        ("error_window", 101),
        ("requests_in_flight", 9),
        ("schedule_window", "21:59-06:00"),
        ("schedule_window", "23:00-06:01"),
        ("schedule_window", "06:00-22:00"),
    ],
)
def test_a_policy_is_never_made_looser(name: str, value: object) -> None:
    least, said = PolicySettings(**STRICT), PolicySettings(**{name: value})
    assert loosened(said=said, least=least) == name
    with pytest.raises(BadRequest, match=f"{name} .* is looser than the .* of {WHOSE}: leave {name} empty"):
        resolve(said=said, least=least, whose=WHOSE)
    # What the policy leaves open is free.
    assert resolve(said=said, least=PolicySettings(), whose=WHOSE).said[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", Decimal(0)),
        ("error_count", 0),
        ("error_window", 100),
        ("requests_in_flight", 1),
        ("schedule_window", "23:30-01:00"),
        ("schedule_window", "00:10-06:00"),
        ("approval_minutes", Decimal(9_000)),
    ],
)
def test_a_policy_may_be_made_stricter(name: str, value: object) -> None:
    found = resolve(said=PolicySettings(**{name: value}), least=PolicySettings(**STRICT), whose=WHOSE)
    assert found.said == BUILT_IN.said | STRICT | {name: value}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "zone", "now", "begin", "end"),
    [
        # Before it, within it before and after midnight, and after it.
        ("22:00-06:00", "Europe/London", "2026-12-01T12:00", "2026-12-01T22:00", "2026-12-02T06:00"),
        ("22:00-06:00", "Europe/London", "2026-12-01T23:00", "2026-12-01T22:00", "2026-12-02T06:00"),
        ("22:00-06:00", "Europe/London", "2026-12-02T05:59", "2026-12-01T22:00", "2026-12-02T06:00"),
        ("22:00-06:00", "Europe/London", "2026-12-02T06:00", "2026-12-02T22:00", "2026-12-03T06:00"),
        ("09:00-17:00", "Australia/Sydney", "2026-12-01T21:00", "2026-12-01T22:00", "2026-12-02T06:00"),
        # The night in which clocks go forward is an hour shorter, that in which they go back an hour longer.
        ("22:00-06:00", "Europe/London", "2026-03-28T23:00", "2026-03-28T22:00", "2026-03-29T05:00"),
        ("22:00-06:00", "Europe/London", "2026-10-24T22:00", "2026-10-24T21:00", "2026-10-25T06:00"),
        # Times that occur twice: the later begin, the earlier end.
        ("01:30-06:00", "Europe/London", "2026-10-24T22:00", "2026-10-25T01:30", "2026-10-25T06:00"),
        ("22:00-01:30", "Europe/London", "2026-10-24T22:00", "2026-10-24T21:00", "2026-10-25T00:30"),
        # Times that never occur stand for the moment of the change.
        ("01:30-06:00", "Europe/London", "2026-03-28T22:00", "2026-03-29T01:00", "2026-03-29T05:00"),
        ("22:00-01:30", "Europe/London", "2026-03-28T23:00", "2026-03-28T22:00", "2026-03-29T01:00"),
        # A window within the hour that is skipped or repeated.
        ("01:10-01:50", "Europe/London", "2026-03-28T23:00", "2026-03-30T00:10", "2026-03-30T00:50"),
        ("01:10-01:50", "Europe/London", "2026-10-24T23:00", "2026-10-25T00:10", "2026-10-25T00:50"),
    ],
)
def test_a_daily_window_comes_as_the_clocks_of_its_zone_have_it(
    window: str, zone: str, now: str, begin: str, end: str
) -> None:
    assert next_window(window=window, zone=zone, at=utc(now)) == (utc(begin), utc(end))


def test_a_wave_planned_within_its_window_starts_at_once_and_ends_with_it() -> None:
    settings = PolicySettings(schedule_window="22:00-06:00")
    where: dict[str, Any] = {"settings": settings, "zone": "Europe/London", "whose": WHOSE}
    noon, night = utc("2026-12-01T12:00"), utc("2026-12-01T23:00")
    begin, end = utc("2026-12-01T22:00"), utc("2026-12-02T06:00")
    assert window_of(wanted=(None, None), now=noon, **where) == (begin, end)
    assert window_of(wanted=(None, None), now=night, **where) == (None, end)
    assert window_of(wanted=(night, end), now=noon, **where) == (night, end)
    for wanted in ((noon, end), (night, None), (None, end), (night, utc("2026-12-02T07:00"))):
        with pytest.raises(BadRequest, match=r"leaves the 22:00-06:00 \(Europe/London\) of the policy"):
            window_of(wanted=wanted, now=utc("2026-12-01T11:00"), **where)


def test_a_policy_is_told_in_one_sentence() -> None:
    unattended = in_words(settings=BUILT_IN, window=None)
    assert unattended == (
        "No approval is needed, and more than 10 % refused stops it; clearly more than 50 % failed of the "
        "last 200 stops it; more than 10 % failed makes its run red."
    )
    strict = over(said=PolicySettings(**STRICT), base=BUILT_IN)
    said = in_words(settings=strict, window=daily_window_in_words(settings=strict, zone="Europe/London"))
    assert said == (
        "A person must approve it within 720 minutes, but not the one who asked for it; reruns need "
        "a new approval; only payloads that were rehearsed are created; clearly more than 10 %, or more than "
        "5 records, failed of the last 100 stops it; more than 10 % failed makes its run red; at most 8 "
        "requests of a batch are under way at once; Kraken may process it between 22:00 and 06:00 "
        "(Europe/London)."
    )
