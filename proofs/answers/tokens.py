"""Tokens: the answers of Kraken's sign-in, with tokens of any claims."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st

from kraken_import.client.answers import Misrouted, NotSent, Throttled, Unauthorised
from kraken_import.client.settings import KrakenSettings
from kraken_import.client.sign_in import UnableToSignIn, read_token
from proofs.answers.contract import Parser, claim
from proofs.answers.damage import GIANTS, any_characters, bodies, documents, mostly, serialised, values
from proofs.answers.kraken import NOW, headers, statuses

_SECRET: Final = "sk_live_Quillfeather_0161"  # noqa: S105
_SETTINGS: Final = KrakenSettings(
    base_url="https://api.example.com", token=_SECRET, sign_in="organisation_key", connection_id="kraken"
)
_CLAIMS: Final[tuple[Any, ...]] = (
    {"exp": NOW.timestamp() + 3_600, "iat": NOW.timestamp(), "sub": _SECRET},
    {"exp": 1e308},
    {"exp": NOW.timestamp() - 1},
    [],
)
_claims: Final = (
    st.sampled_from(_CLAIMS).map(serialised) | documents(*_CLAIMS).map(serialised) | st.binary(max_size=9)
)
_jwts: Final = mostly(
    st.builds(
        lambda claims, tail: f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{tail}",
        _claims,
        st.sampled_from(["c2ln", "x", "-", ""]),
    ),
    st.text("ab.-_=", max_size=12) | any_characters,
)


def _document(token: str, kind: int, value: Any) -> Any:
    """An answer of GraphQL with a token, an error, both, or neither."""
    error = {"message": _SECRET, "extensions": {"errorCode": ("KT-CT-1199", "KT-CT-1138", value)[kind % 3]}}
    found: dict[str, Any] = {"data": {"obtainKrakenToken": {"token": token}}}
    if kind > 3:
        found["errors"] = [error] if kind % 2 else value
    return found


_given: Final = st.tuples(
    mostly(st.just(200), statuses),
    headers,
    st.one_of(
        st.builds(_document, _jwts, mostly(st.just(0), st.integers(0, 8)), values).map(serialised),
        st.builds(_document, _jwts, st.integers(0, 8), values).flatmap(bodies),
        bodies({"errors": [{"message": "x", "extensions": {"errorCode": "KT-CT-1138"}}]}),
    ),
)


def _read(given: tuple[int, dict[str, str], bytes]) -> None:
    status, heads, body = given
    try:
        issued = read_token(settings=_SETTINGS, status=status, headers=heads, body=body, now=NOW)
    except UnableToSignIn as refusal:
        kinds = Unauthorised | Misrouted | NotSent | Throttled
        claim(isinstance(refusal.answer, kinds), "A request cannot end as the sign-in did.")
        claim(f"{refusal.problem}." == str(refusal), "The problem is not the sentence without its end.")
        raise
    claim(status == 200, f"A token is taken from HTTP {status}.")
    claim(math.isfinite(issued.life) and issued.life > 0, f"A token lives for {issued.life} s.")
    claim(issued.value.isascii() and issued.value.isprintable(), "A token does not fit into a header.")
    claim(issued.value not in repr(issued), "A token is shown.")


def _hidden(given: tuple[int, dict[str, str], bytes]) -> Iterator[str]:
    yield _SECRET
    if len(given[2]) > 20:
        yield given[2].decode(errors="replace")


PARSERS: Final = (
    Parser(
        name="answer to a sign-in",
        inputs=_given,
        read=_read,
        refusals=(UnableToSignIn,),
        hidden=_hidden,
        always=tuple((200, {}, body) for body in GIANTS),
    ),
)
