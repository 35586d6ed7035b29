"""A Connection is read or refused with one sentence; requests carry the payload untouched."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.airflow.provider import default_extras
from kraken_import.client.requests import (
    UnableToSendTaskParams,
    create_request,
    status_request,
    validate_request,
)
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection

SECRET = "s3cret-t0ken"
DEEP: Any = functools.reduce(lambda inner, _: [inner], range(5_000), 1)


def read(**fields: Any) -> KrakenSettings:
    given_fields: dict[str, Any] = {"host": "https://api.example.energy", "password": SECRET, "extra": {}}
    return KrakenSettings.from_connection_fields(**(given_fields | fields))


def test_a_connection_with_every_field_of_the_form_untouched_says_the_same_as_one_without_extras() -> None:
    assert read(extra=default_extras()) == read(extra=dict.fromkeys(default_extras())) == read()


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = read()
    assert settings.target == "https://api.example.energy:443"
    assert (settings.envelope, settings.requests_in_flight, settings.visibility_window) == (
        "wrapped",
        32,
        30.0,
    )


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"host": "api.example.energy"}, "https://api.example.energy:443"),
        ({"host": "API.Example.energy", "port": 8443}, "https://api.example.energy:8443"),
        ({"host": "http://127.0.0.1:28081/"}, "http://127.0.0.1:28081"),
        ({"host": "localhost", "schema": "http", "port": 80}, "http://localhost:80"),
        ({"host": "https://api.example.energy", "port": 0, "schema": ""}, "https://api.example.energy:443"),
        ({"host": "http://kraken", "extra": {"allow_http": True}}, "http://kraken:80"),
        ({"host": "https://énergie.example"}, "https://xn--nergie-9ua.example:443"),
        ({"host": "https://[2001:DB8::0001]"}, "https://[2001:db8::0001]:443"),
    ],
)
def test_an_address_is_read_in_every_usual_form(fields: dict[str, Any], target: str) -> None:
    assert read(**fields).target == target


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"host": None}, "host is missing"),
        ({"host": "ftp://x"}, "beginning with https"),
        ({"host": "https://x:99999"}, "port"),
        ({"host": "https://user:word@x"}, "password"),
        ({"host": "https://x/path"}, "alone"),
        ({"host": "http://api.example.energy"}, "unencrypted"),
        ({"password": None}, "token is missing"),
        ({"password": "two words"}, "one word"),
        ({"extra": {"envelop": "bare"}}, "'envelop' is not known"),
        ({"extra": {"envelope": "boxed"}}, "wrapped or bare"),
        ({"extra": {"requests_in_flight": 0}}, "from 1 to 256"),
        ({"extra": {"requests_in_flight": "many"}}, "whole number"),
        ({"extra": {"requests_at_once": 0}}, "'requests_at_once' must be a whole number from 1 to 4,096"),
        ({"extra": {"requests_per_second": 0}}, "'requests_per_second' must be a number from 0.1"),
        ({"extra": {"accounts_at_once": 0}}, "'accounts_at_once' must be a whole number from 1"),
        ({"extra": {"creates_per_day": -5}}, "'creates_per_day' must be a whole number from 1"),
        ({"extra": {"creates_per_day": "1e3"}}, "whole number"),
        ({"extra": {"request_timeout": True}}, "number from"),
        ({"extra": {"zone": "Mars/Olympus"}}, "time zone"),
        ({"extra": {"region": "Britain"}}, "two-letter"),
        ({"extra": {"ca_bundle": "/nowhere"}}, "exists"),
        ({"extra": {"client_certificate": "/nowhere"}}, "'client_certificate' must name a file that exists"),
        ({"extra": {"client_certificate": __file__}}, "a certificate and its own key"),
        ({"extra": {"client_key": __file__}}, "'client_key' needs 'client_certificate'"),
        ({"extra": {"import_suppliers": "edf_accounts"}}, "supplier for each dialect"),
        ({"host": "https://[::1"}, "the host must be a name or an address"),
        ({"host": f"https://me:{SECRET}@exa\u2100mple.com"}, "the host must be a name or an address"),
        ({"host": "https://a..b"}, "the host must be a name or an address"),
        ({"host": f"https://{'a' * 64}.com"}, "the host must be a name or an address"),
        ({"host": "https://a b"}, "the host must be a name or an address"),
        ({"password": f"{SECRET}\x00"}, "one word"),
        ({"password": "pass\udc80", "login": "me", "extra": {"sign_in": "email"}}, "a broken character"),
        ({"login": "me\udc80", "extra": {"sign_in": "email"}}, "a broken character"),
        ({"extra": True}, "not a JSON object"),
        ({"extra": []}, "not a JSON object"),
        ({"extra": {"x" * 5_000: 1}}, "'xxxx"),
        ({"extra": {"patience": 10**400}}, "'patience' must be a number from 0"),
        ({"extra": {"requests_in_flight": DEEP}}, "whole number"),
        ({"extra": {"zone": ["UTC"]}}, "'zone' must be a time zone"),
        ({"extra": {"region": DEEP}}, "two-letter"),
        ({"extra": {"ca_bundle": "x" * 5_000}}, "exists"),
        ({"extra": {"ca_bundle": __file__}}, "certificates (PEM)"),
        ({"extra": {"import_suppliers": {"edf_accounts": "\ud800"}}}, "supplier for each dialect"),
        ({"extra": {"configured_values": "[" * 100_000}}, "must be JSON"),
        (
            {"extra": {"configured_values": {"edf_accounts": {"tariff_codes": {"A": "\ud800"}}}}},
            "must be JSON",
        ),
    ],
)
def test_a_field_that_cannot_work_is_one_sentence_without_the_token(
    fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnableToReadConnection) as refused:
        read(**fields)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 600
    assert SECRET not in str(refused.value)
    assert "two words" not in str(refused.value)


def test_the_suppliers_are_read_from_the_forms_text_as_from_an_object() -> None:
    text = read(extra={"import_suppliers": "edf_accounts=A, essential_supply_points_cdns = B"})
    assert text.import_suppliers == {"edf_accounts": "A", "essential_supply_points_cdns": "B"}
    assert read(extra={"import_suppliers": text.import_suppliers}).import_suppliers == text.import_suppliers


def test_an_api_key_and_a_jwt_are_sent_as_kraken_expects_each() -> None:
    assert read().authorization == f"Token {SECRET}"
    assert read(password="eyJh.eyJz.c2ln").authorization == "eyJh.eyJz.c2ln"


def test_the_token_is_not_shown() -> None:
    assert SECRET not in repr(read())


PAYLOAD = b'{"import_supplier":"X","transfer_balance":"30.00"}'


def test_the_payload_is_sent_byte_for_byte() -> None:
    wrapped = validate_request(envelope="wrapped", resource="accounts", payload=PAYLOAD)
    assert wrapped.body == b'{"payload":' + PAYLOAD + b"}"
    assert validate_request(envelope="bare", resource="accounts", payload=PAYLOAD).body == PAYLOAD
    assert wrapped.path == "/v2/data-import/accounts/validate/"


def test_a_wrapped_create_always_has_task_params() -> None:
    request = create_request(envelope="wrapped", resource="supply-points", payload=PAYLOAD, task_params=None)
    assert request.body == b'{"payload":' + PAYLOAD + b',"task_params":{}}'


def test_a_dry_run_is_never_sent_as_a_live_create() -> None:
    with pytest.raises(UnableToSendTaskParams):
        create_request(
            envelope="bare", resource="accounts", payload=PAYLOAD, task_params={"is_dry_run": True}
        )


@given(supplier=st.text(min_size=1), identifier=st.text(min_size=1))
def test_any_identifier_stays_one_segment_of_the_path(supplier: str, identifier: str) -> None:
    try:
        path = status_request(
            resource="accounts", import_supplier=supplier, external_identifier=identifier
        ).path
    except UnicodeEncodeError:
        return
    assert path.count("/") == 6
    assert path.isascii()
    assert " " not in path
