"""What the answer to a sign-in says: a token and its life, or one sentence without a secret."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from kraken_import.client.answers import Answer, Misrouted, NotSent, Throttled, Unauthorised
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.client.sign_in import Issued, UnableToSignIn, read_token

SECRET = "sk_live_s3cret"
ADDRESS = "operator@example.energy"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
DATE = {"Date": format_datetime(NOW, usegmt=True)}


def connection(**fields: Any) -> KrakenSettings:
    given: dict[str, Any] = {
        "connection_id": "kraken_gb",
        "host": "https://api.example.energy",
        "password": SECRET,
        "login": ADDRESS,
        "extra": {"sign_in": "organisation_key"},
    }
    return KrakenSettings.from_connection_fields(**(given | fields))


def jwt(**claims: Any) -> str:
    parts = ({"alg": "HS256"}, claims)
    head = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    return f"{head}.c2lnbmF0dXJl"


def granting(token: Any) -> dict[str, Any]:
    return {"data": {"obtainKrakenToken": {"token": token}}}


def refusing(code: str | None, message: str = "Invalid data.") -> dict[str, Any]:
    extensions = {"errorCode": code, "errorDescription": SECRET, "errorType": "VALIDATION"}
    error = {"message": message, **({"extensions": extensions} if code else {})}
    return {"errors": [error], "data": {"obtainKrakenToken": None}}


def read(
    body: Any = b"",
    *,
    status: int = 200,
    headers: dict[str, str] = DATE,
    settings: KrakenSettings | None = None,
    now: datetime = NOW,
) -> Issued:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    settings = settings or connection()
    return read_token(settings=settings, status=status, headers=headers, body=content, now=now)


@pytest.mark.parametrize(
    ("claims", "headers", "life"),
    [
        ({"exp": AT + 3600, "iat": AT}, DATE, 3600),
        # Kraken's clock may lie far from ours: what counts is the difference of its own times.
        ({"exp": AT + 90_000 + 3600, "iat": AT + 90_000}, {}, 3600),
        ({"exp": AT + 3600}, DATE, 3600),
        ({"exp": AT + 3600}, {"Date": "not a date"}, 3600),
        ({"exp": AT + 3600.5, "iat": AT}, {}, 3600.5),
        # Issued some time ago, so that less of it is left.
        ({"exp": AT + 600, "iat": AT - 3000}, DATE, 600),
        ({"exp": AT + 3600, "iat": "yesterday"}, DATE, 3600),
    ],
)
def test_the_life_of_a_token_is_counted_by_krakens_clock(
    claims: dict[str, Any], headers: dict[str, str], life: float
) -> None:
    issued = read(granting(jwt(**claims)), headers=headers)
    assert issued == Issued(value=jwt(**claims), life=life)
    assert issued.value not in repr(issued)


WHERE = "https://api.example.energy:443/v1/graphql/"
KEY = "Kraken refused the organisation key of Connection 'kraken_gb' "
OTHERWISE = f"{WHERE} does not answer as Kraken's sign-in does "
NOTHING = f"{WHERE} issues no token "
PAGE = b"<!doctype html><html><title>Sign in</title></html>"


@pytest.mark.parametrize(
    ("status", "body", "says", "answer"),
    [
        (200, refusing("KT-CT-1138"), KEY + "(KT-CT-1138): put a valid one into", Unauthorised()),
        (400, refusing("KT-CT-1139"), KEY + "(KT-CT-1139): put", Unauthorised()),
        (200, {"errors": [{}, *refusing("KT-CT-1138")["errors"]]}, "(KT-CT-1138)", Unauthorised()),
        (401, b"", KEY + "(HTTP 401)", Unauthorised()),
        (403, PAGE, KEY + "(HTTP 403)", Unauthorised()),
        (200, granting(jwt(exp=AT - 1)), "issued a token that had expired already", Unauthorised()),
        (200, granting(jwt(exp=AT - 1, iat=AT - 9)), "had expired already", Unauthorised()),
        (200, granting(jwt(exp=AT + 9, iat=AT + 9)), "had expired already", Unauthorised()),
        (200, granting(jwt(iat=AT)), "does not say when it expires", Unauthorised()),
        (200, granting(jwt(exp=True)), "does not say when it expires", Unauthorised()),
        (200, granting("opaque"), "that is not a JWT", Unauthorised()),
        (200, granting("a.b\r\nc.d"), "that is not a JWT", Unauthorised()),
        (200, granting("a.b.c"), "that is not a JWT", Unauthorised()),
        (200, granting("a.WzFd.c"), "that is not a JWT", Unauthorised()),
        (200, PAGE, OTHERWISE + "(a web page)", Misrouted(reason="a sign-in with a web page")),
        (302, b"", OTHERWISE + "(HTTP 302)", Misrouted(reason="a sign-in with HTTP 302")),
        (404, PAGE, OTHERWISE + "(HTTP 404): check the host", Misrouted(reason="a sign-in with HTTP 404")),
        (200, {"data": None}, "(neither a token nor an error)", Misrouted),
        (200, [], "(neither a token nor an error)", Misrouted),
        (200, granting(None), "(neither a token nor an error)", Misrouted),
        (200, b'{"data": {"obt', NOTHING + "(an answer that breaks off)", NotSent),
        (200, b"", NOTHING + "(an answer that breaks off)", NotSent),
        (503, PAGE, NOTHING + "(HTTP 503)", NotSent(reason="no token: HTTP 503")),
        (200, refusing(None, SECRET), NOTHING + "(an error without a code)", NotSent),
        (200, {"errors": SECRET}, NOTHING + "(an error without a code)", NotSent),
        (200, refusing(f"{SECRET} KT-CT-1138"), NOTHING + "(an error without a code)", NotSent),
        (200, refusing("KT-CT-1199"), "issues no more tokens for now", Throttled(retry_after=None)),
        (429, b"", "issues no more tokens for now", Throttled(retry_after=None)),
    ],
)
def test_what_gives_no_token_is_one_sentence_without_a_secret(
    status: int, body: Any, says: str, answer: Answer | type[Answer]
) -> None:
    with pytest.raises(UnableToSignIn) as refused:
        read(body, status=status)
    sentence = str(refused.value)
    assert says in sentence
    assert sentence == f"{refused.value.problem}."
    assert SECRET not in sentence + repr(refused.value)
    assert refused.value.answer == answer or type(refused.value.answer) is answer
    assert refused.value.needs_a_person is isinstance(refused.value.answer, Unauthorised | Misrouted)


def test_a_sign_in_waits_as_long_as_kraken_asks() -> None:
    with pytest.raises(UnableToSignIn) as refused:
        read(status=429, headers={"Retry-After": "7"})
    assert refused.value.answer == Throttled(retry_after=7.0)


def test_a_refused_person_is_told_of_login_and_password_and_not_named() -> None:
    person = connection(extra={"sign_in": "email"}, password="pass word é")
    with pytest.raises(UnableToSignIn, match="e-mail and password of Connection 'kraken_gb'") as refused:
        read(refusing("KT-CT-1138"), settings=person)
    assert "put valid ones into its login and password" in str(refused.value)
    assert ADDRESS not in str(refused.value) + repr(person)


def test_a_secret_that_signs_in_is_neither_shown_nor_sent_as_a_token() -> None:
    for sign_in in ("organisation_key", "api_key", "email"):
        settings = connection(extra={"sign_in": sign_in})
        assert settings.token == SECRET
        assert SECRET not in repr(settings)
        with pytest.raises(RuntimeError, match="never sent"):
            _ = settings.authorization


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"extra": {"sign_in": "email"}, "login": " "}, "the login is missing: put the e-mail address"),
        ({"extra": {"sign_in": "email"}, "password": ""}, "the password is missing"),
        ({"password": " "}, "the password is missing: put the organisation key there"),
        ({"extra": {"sign_in": "api_key"}, "password": "two words"}, "the API key in the password field"),
        ({"extra": {"sign_in": "key"}}, "must be none or organisation_key or api_key or email"),
        ({"extra": {"sign_in_path": "https://elsewhere/"}}, "must be a path alone"),
        ({"extra": {"sign_in_path": "v1/graphql"}}, "must be a path alone"),
        ({"extra": {"sign_in_path": "//elsewhere/"}}, "must be a path alone"),
        ({"extra": {"sign_in_path": "/v1?x=1"}}, "must be a path alone"),
    ],
)
def test_a_connection_that_cannot_sign_in_is_refused_in_one_sentence(
    fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnableToReadConnection) as refused:
        connection(**fields)
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_login_beside_a_token_changes_nothing() -> None:
    assert connection(extra={}) == connection(extra={"sign_in": "none"}, login=None)
    assert connection(extra={}).authorization == f"Token {SECRET}"
