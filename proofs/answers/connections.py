"""What people and environments set: Connections of any content, policies, numbers of the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import certifi
from hypothesis import strategies as st
from yarl import URL

from kraken_import.airflow.environment import UnableToReadEnvironment, batches_at_once, patience
from kraken_import.client.network import way_to
from kraken_import.client.requests import status_request
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.client.tokens import forget_tokens, source_of
from kraken_import.domain.policies import PolicySettings, loosened, over, plain_values, read_policy
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.policy import read_settings, resolve
from proofs.answers.contract import Parser, claim
from proofs.answers.damage import TEXTS, any_characters, any_of, documents, mostly, serialised, texts, values

_SECRET: Final = "sk_live_Quillfeather_0161"  # noqa: S105
_POLICY: Final[dict[str, Any]] = {
    "mode": "live",
    "approval": "required",
    "approval_minutes": 30,
    "require_rehearsal": True,
    "four_eyes": True,
    "reruns_ask": False,
    "threshold": 0.02,
    "error_share": "0.5",
    "error_count": 5,
    "error_window": 200,
    "requests_in_flight": 8,
    "schedule_window": "22:00-06:00",
}
_EXTRA: Final[dict[str, Any]] = {
    "sign_in": "none",
    "sign_in_path": "/v1/graphql/",
    "envelope": "wrapped",
    "region": "GB",
    "zone": "Europe/London",
    "requests_in_flight": "32",
    "requests_at_once": 128,
    "requests_per_second": 10.5,
    "accounts_at_once": 1_000,
    "creates_per_day": "",
    "connect_timeout": 10,
    "request_timeout": 60,
    "visibility_window": 30,
    "patience": 0,
    "import_suppliers": "edf_accounts=TENTACLE_ENERGY",
    "configured_values": {"edf_accounts": {"tariff_codes": {"OLD-1": "NEW-1"}}},
    "policies": {"edf_accounts": _POLICY},
    "allow_http": "true",
}
_WITH_TEXTS: Final[dict[str, Any]] = {
    **_EXTRA,
    "configured_values": serialised(_EXTRA["configured_values"]).decode(),
    "policies": '{"edf_accounts": {"threshold": 0.02, "error_count": 1e2}}',
}
_FILES: Final = (certifi.where(), os.devnull, "/", "x" * 5_000, "\x00", "\ud800", 5)
_extras: Final = mostly(
    documents(_EXTRA, _WITH_TEXTS, {"sign_in": "email"}, {"sign_in": "api_key"}, {}, _EXTRA | {"zone": None}),
    st.one_of(
        st.builds(lambda name, value: {name: value}, st.sampled_from(sorted(_EXTRA)), values),
        st.builds(lambda file: {"ca_bundle": file}, any_of(_FILES)),
        values,
    ),
)
_hosts: Final = st.one_of(
    st.sampled_from(
        [
            "https://api.example.com",
            "api.example.com:8443/",
            "http://[::1]:80",
            "https://[::1",
            "https://me:" + _SECRET + "@exa\u2100mple.com",
            "https://a b",
            "https://xn--" + "a" * 70 + ".com",
            "https://é.example",
            "https://a..b",
            "https://api.example.com:99999",
            "https://" + "a" * 300,
            "https://[fe80::1%eth0]",
            "https://[v1.x]",
            "//x",
            None,
        ]
    ),
    texts,
    st.text("https:/[]@.%# ab1\u2100é", max_size=16),
    any_characters,
)
_passwords: Final = st.sampled_from([" " + _SECRET, _SECRET + "\x00", None]) | texts | any_characters
_fields: Final = st.fixed_dictionaries(
    {
        "host": mostly(st.just("https://api.example.com"), _hosts),
        "password": mostly(st.sampled_from([_SECRET, "aaa.bbb.ccc"]), _passwords),
        "extra": _extras,
        "login": mostly(st.just("me@example.org"), texts | any_characters),
        "schema": mostly(st.none(), st.sampled_from(["https", "http", "ftp", ""]) | texts),
        "port": mostly(st.none(), any_of([0, 443, 65_536, -1, 10**400])),
    }
)


def _read_connection(fields: dict[str, Any]) -> None:
    settings = KrakenSettings.from_connection_fields(connection_id="kraken", **fields)
    # An accepted value must work: a request that cannot be built would end the wave later on.
    way_to(address=settings.base_url)
    path = status_request(resource="accounts", import_supplier="S", external_identifier="1").path
    for place in (path, settings.sign_in_path):
        address = URL(settings.base_url + place, encoded=True)
        claim(address.host and address.raw_host and not address.user, "An address has no host, or a login.")
    claim(str(URL(settings.target)), "A Kraken has no identity.")
    for text in (settings.token, settings.login or "", settings.base_url, settings.sign_in_path):
        text.encode()
    if settings.sign_in == "none":
        claim(settings.authorization.isascii() and settings.authorization.isprintable(), "No header.")
    else:
        source_of(settings=settings)
        forget_tokens()
    claim(_SECRET not in repr(settings), "The settings show the token.")
    for seconds in (settings.connect_timeout, settings.request_timeout, settings.patience):
        claim(timedelta(seconds=seconds) >= timedelta(), "A time is none.")
    for policy in dict(settings.policies).values():
        _check_policy(policy)


def _hidden(fields: dict[str, Any]) -> Iterator[str]:
    password = fields["password"]
    if password and _SECRET in password:
        yield _SECRET


def _check_policy(policy: PolicySettings) -> None:
    claim(read_policy(values=plain_values(policy=policy)) == policy, "A policy is read back as another one.")
    claim(loosened(said=policy, least=policy) is None, "A policy is looser than itself.")
    claim(over(said=policy, base=policy) == policy, "A policy over itself is another one.")
    for name, value in policy.said.items():
        claim(not isinstance(value, Decimal) or 0 <= value <= 10_080, f"{name} is out of bounds.")


def _read_form(given: tuple[Any, Any]) -> None:
    said, least = (read_settings(values=each if isinstance(each, dict) else {"mode": each}) for each in given)
    _check_policy(said)
    complete = resolve(said=said, least=least, whose="the Connection")
    claim(loosened(said=complete, least=least) is None, "What was resolved is looser than its bound.")


_policies: Final = mostly(
    st.dictionaries(st.sampled_from(sorted(_POLICY)), st.none(), max_size=4).map(
        lambda dropped: {name: value for name, value in _POLICY.items() if name not in dropped}
    ),
    documents(_POLICY) | st.dictionaries(st.sampled_from(sorted(_POLICY)), values, max_size=3),
)

_VARIABLES: Final = ("MIGRATION_BATCHES_AT_ONCE", "MIGRATION_PATIENCE_MINUTES")


@contextmanager
def _environment() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _VARIABLES}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _read_environment(text: str) -> None:
    # A process cannot be given anything else.
    text = text.encode(errors="ignore").decode().replace("\x00", "")
    for name in _VARIABLES:
        os.environ[name] = text
    claim(1 <= batches_at_once() <= 1_000, "There are too many batches.")
    claim(timedelta(minutes=1) <= patience() <= timedelta(days=1), "The patience has no end.")


PARSERS: Final = (
    Parser(
        name="Connection to Kraken",
        inputs=_fields,
        read=_read_connection,
        refusals=(UnableToReadConnection,),
        hidden=_hidden,
    ),
    Parser(
        name="policy of a form",
        inputs=st.tuples(_policies, _policies),
        read=_read_form,
        refusals=(BadRequest,),
    ),
    Parser(
        name="numbers of the environment",
        inputs=any_of(TEXTS) | st.integers().map(str) | any_characters,
        read=_read_environment,
        refusals=(UnableToReadEnvironment,),
        around=_environment,
    ),
)
