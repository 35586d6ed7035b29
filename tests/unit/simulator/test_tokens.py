"""What the stand-in's sign-in issues and refuses, and how long its tokens are taken."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from kraken_import.simulator import replies
from kraken_import.simulator.tokens import Issuer

NOW = 1_772_366_400.5
KEY, API_KEY, EMAIL, PASSWORD = "sk_live_1", "sk_test_2", "a@example.energy", "pass word"
QUERY = "mutation m($input: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $input) { %s } }"


def issuer(life: float = 3600) -> Issuer:
    return Issuer(
        organisation_keys=frozenset({KEY}),
        api_keys=frozenset({API_KEY}),
        passwords={EMAIL: PASSWORD},
        life=life,
    )


def ask(of: Issuer, *, fields: str = "token", now: float = NOW, shift: float = 0, **given: Any) -> Any:
    body = json.dumps({"query": QUERY % fields, "variables": {"input": given}}).encode()
    return of.answer(body=body, now=now, shift=shift).document


def token_of(document: Any) -> bytes:
    return str(document["data"]["obtainKrakenToken"]["token"]).encode()


@pytest.mark.parametrize(
    "given", [{"organizationSecretKey": KEY}, {"APIKey": API_KEY}, {"email": EMAIL, "password": PASSWORD}]
)
def test_a_token_is_issued_to_whom_is_known_and_is_taken_until_it_expires(given: dict[str, str]) -> None:
    kraken = issuer(life=60)
    token = token_of(ask(kraken, **given))
    assert kraken.issued == 1
    assert kraken.refusal(token=token, now=NOW + 59) is None
    assert kraken.refusal(token=token, now=NOW + 60) == replies.EXPIRED_TOKEN
    assert kraken.refusal(token=b"a.b.c", now=NOW) == replies.WRONG_TOKEN


def test_a_token_says_when_it_ends_by_the_clock_of_the_request() -> None:
    payload = token_of(ask(issuer(life=60), organizationSecretKey=KEY, shift=1000)).split(b".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + b"=="))
    assert (claims["iat"], claims["exp"]) == (int(NOW) + 1000, int(NOW) + 1060)


def test_no_more_is_answered_than_was_asked_for() -> None:
    for fields in ("token", "refreshToken refreshExpiresIn", "token payload"):
        document = ask(issuer(), fields=fields, organizationSecretKey=KEY)
        assert set(document["data"]["obtainKrakenToken"]) == set(fields.split())


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"organizationSecretKey": API_KEY}, "KT-CT-1138"),
        ({"APIKey": KEY}, "KT-CT-1139"),
        ({"email": EMAIL, "password": "wrong"}, "KT-CT-1138"),
        ({"email": EMAIL}, "KT-CT-1135"),
        ({"organizationSecretKey": KEY, "APIKey": API_KEY}, "KT-CT-1135"),
        ({}, "KT-CT-1135"),
    ],
)
def test_a_sign_in_that_is_not_accepted_has_an_error_with_a_code(given: dict[str, str], code: str) -> None:
    kraken = issuer()
    document = ask(kraken, **given)
    (error,) = document["errors"]
    assert error["extensions"]["errorCode"] == code
    assert document["data"] == {"obtainKrakenToken": None}
    assert kraken.issued == 0


def test_a_revoked_key_ends_its_own_tokens_alone_and_can_be_restored() -> None:
    kraken = issuer()
    mine = token_of(ask(kraken, organizationSecretKey=KEY))
    other = token_of(ask(kraken, APIKey=API_KEY))
    kraken.revoke(name=KEY)
    assert kraken.refusal(token=mine, now=NOW) == replies.WRONG_TOKEN
    assert kraken.refusal(token=other, now=NOW) is None
    assert "errors" in ask(kraken, organizationSecretKey=KEY)
    kraken.revoked.discard(KEY)
    assert kraken.refusal(token=mine, now=NOW) == replies.WRONG_TOKEN
    assert "data" in ask(kraken, organizationSecretKey=KEY)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"query": "{ viewer }"}', b'{"query": "obtainKrakenToken"}'])
def test_a_request_that_is_not_a_sign_in_has_an_error_without_a_code(body: bytes) -> None:
    reply = issuer().answer(body=body, now=NOW, shift=0)
    assert reply.status == 400
    assert "extensions" not in reply.document["errors"][0]
