"""Keeps other sites from sending forms in a user's name: the origin is checked, and a token of our own."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from anyio import fail_after
from fastapi import Request
from itsdangerous import BadData, URLSafeTimedSerializer

from kraken_import.usecases.faults import BadRequest

FIELD: Final = "form_token"
_LONGEST_SECONDS: Final = 12 * 3600
_LONGEST_FORM: Final = 64_000
"""Bytes of the longest form that is meant."""
_LONGEST_WAIT: Final = 20.0
"""Seconds that a form may take to arrive: it keeps one of the console's places until then."""
_STALE: Final = (
    "This page has been open for too long, or is another user's: load it again, then send the form."
)
_FOREIGN: Final = (
    "The form comes from another site, so nothing was done: open the page in Airflow and send it there."
)


_TOO_LONG: Final = f"The form holds more than {_LONGEST_FORM // 1000} kB, so nothing was done: shorten it."


class ForeignForm(BadRequest):
    """A form that our own page did not send."""


def token(*, key: str, user: str) -> str:
    """Return what a form of this user carries."""
    return _signer(key).dumps(user)


def check(*, request: Request, key: str, user: str, sent: str, home: str) -> None:
    """Raise `ForeignForm` unless our own page sent this form, for this user, today.

    `home` is Airflow's address as people see it, for a proxy that changes the host; blank if it is not known.
    """
    origin = request.headers.get("origin") or request.headers.get("referer") or ""
    own = {request.headers.get("host"), urlsplit(home).netloc} - {None, ""}
    if urlsplit(origin).netloc not in own:
        raise ForeignForm(_FOREIGN)
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ForeignForm(_FOREIGN)
    try:
        named = _signer(key).loads(sent, max_age=_LONGEST_SECONDS)
    except BadData:
        raise ForeignForm(_STALE) from None
    if named != user:
        raise ForeignForm(_STALE)


async def sent_form(*, request: Request) -> dict[str, str]:
    """Return the fields of a form, each by its last value. Raises `BadRequest` for one that is too long."""
    return dict(await sent_fields(request=request))


async def sent_fields(*, request: Request) -> list[tuple[str, str]]:
    """Return the fields of a form, one of them as often as it was sent. Raises as `sent_form` does."""
    body = b""
    try:
        with fail_after(_LONGEST_WAIT):
            async for part in request.stream():
                body += part
                if len(body) > _LONGEST_FORM:
                    raise BadRequest(_TOO_LONG)
    except TimeoutError:
        raise BadRequest("The form did not arrive in time, so nothing was done: send it again.") from None
    return parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)


def _signer(key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt="kraken-migration-console")
