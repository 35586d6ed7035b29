"""Signs in to a Kraken: sends one GraphQL mutation and reads its answer.

Messages never contain the secret, the token or Kraken's texts, because GraphQL repeats its input. Of an
error only the code is kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

import aiohttp
import orjson
from yarl import URL

from kraken_import.client.answers import (
    Misrouted,
    NotSent,
    Throttled,
    Unauthorised,
    is_web_page,
)
from kraken_import.client.headers import http_date, retry_after
from kraken_import.client.network import brief_session, read_body, way_to
from kraken_import.client.settings import SECRETS, KrakenSettings, is_jwt

_MUTATION: Final = (
    "mutation obtainKrakenToken($input: ObtainJSONWebTokenInput!) "
    "{ obtainKrakenToken(input: $input) { token } }"
)
_CODE: Final = re.compile(r"KT-[A-Z]{2}-\d{1,6}", re.ASCII)
_TOO_MANY: Final = "KT-CT-1199"
"""Kraken's code for too many requests, which comes with HTTP 200."""


class UnableToSignIn(Exception):
    """Kraken gave no token. The message is one sentence, and `problem` the same without its end.

    `answer` stands for every request that cannot be sent without a token. `takes_back` says that Kraken
    refuses the secret itself, so an older token must not be used any longer either.
    """

    def __init__(
        self,
        *,
        problem: str,
        answer: Unauthorised | Misrouted | NotSent | Throttled,
        takes_back: bool = False,
    ) -> None:
        super().__init__(f"{problem}.")
        self.problem = problem
        self.answer = answer
        self.takes_back = takes_back

    @property
    def needs_a_person(self) -> bool:
        """Whether the problem lasts until a person acts."""
        return isinstance(self.answer, Unauthorised | Misrouted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token and its minimum life in seconds, counted from the request for it."""

    value: str = field(repr=False)
    life: float


async def sign_in(*, settings: KrakenSettings) -> Issued:
    """Obtain a token. Raises `UnableToSignIn`."""
    way = way_to(address=settings.base_url)
    timeout = aiohttp.ClientTimeout(total=settings.request_timeout, connect=settings.connect_timeout)
    try:
        async with (
            brief_session(ca_bundle=settings.ca_bundle, shown=settings.shown_certificate) as session,
            session.post(
                URL(settings.base_url + settings.sign_in_path, encoded=True),
                data=_body(settings=settings),
                headers={"Content-Type": "application/json", "Accept": "application/json", **way.headers},
                allow_redirects=False,
                proxy=way.proxy,
                proxy_headers=way.proxy_headers,
                timeout=timeout,
            ) as response,
        ):
            body = await read_body(response=response)
            return read_token(
                settings=settings,
                status=response.status,
                headers=response.headers,
                body=body,
                now=datetime.now(UTC),
            )
    except TimeoutError:
        _fail_for_now(settings=settings, reason="no answer in time")
    except aiohttp.ClientConnectorCertificateError:
        _fail_for_now(settings=settings, reason="its certificate is not trusted")
    except (aiohttp.ClientError, OSError) as error:
        _fail_for_now(settings=settings, reason=type(error).__name__)


def read_token(
    *, settings: KrakenSettings, status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> Issued:
    """Read the answer to a sign-in. Raises `UnableToSignIn`."""
    if status == 429:
        wait = retry_after(headers=headers, now=now)
        _throttled(settings=settings, seconds=wait, reason="HTTP 429")
    if status >= 500 or status == 408:
        _fail_for_now(settings=settings, reason=f"HTTP {status}")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict) and document.get("errors"):
        _refuse(settings=settings, errors=document["errors"])
    if status in (401, 403):
        _refused(settings=settings, code=f"HTTP {status}")
    if status != 200:
        _misrouted(settings=settings, reason=f"HTTP {status}")
    if document is None:
        if is_web_page(headers=headers, body=body):
            _misrouted(settings=settings, reason="a web page")
        _fail_for_now(settings=settings, reason="an answer that breaks off")
    token = _token_of(document=document)
    if token is None:
        _misrouted(settings=settings, reason="neither a token nor an error")
    return _issued(settings=settings, token=token, headers=headers, now=now)


def _body(*, settings: KrakenSettings) -> bytes:
    given = {
        "organisation_key": {"organizationSecretKey": settings.token},
        "api_key": {"APIKey": settings.token},
        "email": {"email": settings.login, "password": settings.token},
    }[settings.sign_in]
    return orjson.dumps({"query": _MUTATION, "variables": {"input": given}})


def _token_of(*, document: Any) -> str | None:
    for name in ("data", "obtainKrakenToken", "token"):
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, str) and document else None


def _issued(*, settings: KrakenSettings, token: str, headers: Mapping[str, str], now: datetime) -> Issued:
    """Return the token with its life by Kraken's clock: the time of issue in it, or that of the answer.

    The shorter of both counts. Our own clock is used when Kraken gives no time at all.
    """
    claims = _claims(token=token)
    if claims is None:
        _unusable(settings=settings, defect="that is not a JWT")
    ends_at = _number(claims.get("exp"))
    if ends_at is None:
        _unusable(settings=settings, defect="that does not say when it expires")
    answered_at = http_date(value=headers.get("Date"))
    times = (_number(claims.get("iat")), answered_at.timestamp() if answered_at else None)
    life = ends_at - max((time for time in times if time is not None), default=now.timestamp())
    if life <= 0:
        _unusable(settings=settings, defect="that had expired already")
    return Issued(value=token, life=life)


def _claims(*, token: str) -> dict[str, Any] | None:
    """Return the claims of a JWT, without checking its signature: Kraken does."""
    if not is_jwt(text=token):
        return None
    payload = token.split(".")[1]
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, orjson.JSONDecodeError):
        return None
    return claims if isinstance(claims, dict) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _refuse(*, settings: KrakenSettings, errors: Any) -> NoReturn:
    """Raise what GraphQL's errors mean. An error without a Kraken code is a failure of the server itself."""
    codes = [_code(error=error) for error in errors] if isinstance(errors, list) else []
    code = next((code for code in codes if code is not None), None)
    if code == _TOO_MANY:
        _throttled(settings=settings, seconds=None, reason=code)
    if code is None:
        _fail_for_now(settings=settings, reason="an error without a code")
    _refused(settings=settings, code=code, takes_back=True)


def _code(*, error: Any) -> str | None:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    code = extensions.get("errorCode") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def _refused(*, settings: KrakenSettings, code: str, takes_back: bool = False) -> NoReturn:
    is_pair = settings.sign_in == "email"
    raise UnableToSignIn(
        problem=f"Kraken refused the {SECRETS[settings.sign_in]} of Connection {settings.connection_id!r} "
        f"({code}): put {'valid ones into its login and' if is_pair else 'a valid one into its'} password",
        answer=Unauthorised(),
        takes_back=takes_back,
    )


def _unusable(*, settings: KrakenSettings, defect: str) -> NoReturn:
    raise UnableToSignIn(
        problem=f"{_where(settings=settings)} issued a token {defect}: ask Kraken's support to look into it",
        answer=Unauthorised(),
    )


def _misrouted(*, settings: KrakenSettings, reason: str) -> NoReturn:
    raise UnableToSignIn(
        problem=f"{_where(settings=settings)} does not answer as Kraken's sign-in does ({reason}): check the "
        f"host and the token path of Connection {settings.connection_id!r}",
        answer=Misrouted(reason=f"a sign-in with {reason}"),
    )


def _throttled(*, settings: KrakenSettings, seconds: float | None, reason: str) -> NoReturn:
    raise UnableToSignIn(
        problem=f"{_where(settings=settings)} issues no more tokens for now ({reason}): wait, and sign in "
        "less often if this goes on",
        answer=Throttled(retry_after=seconds),
    )


def _fail_for_now(*, settings: KrakenSettings, reason: str) -> NoReturn:
    raise UnableToSignIn(
        problem=f"{_where(settings=settings)} issues no token ({reason}): check the network and Kraken's "
        "status page if this goes on",
        answer=NotSent(reason=f"no token: {reason}"),
    )


def _where(*, settings: KrakenSettings) -> str:
    return settings.target + settings.sign_in_path
