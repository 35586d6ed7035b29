"""Sign-in by GraphQL: mutation `obtainKrakenToken`, the JWTs that it issues, and how long they are good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from kraken_import.simulator import replies
from kraken_import.simulator.replies import Reply

PATH: Final = "/v1/graphql/"
MUTATION: Final = "obtainKrakenToken"

_REFRESH_SECONDS: Final = 7 * 24 * 3600
_FIELDS: Final = re.compile(r"\b(token|refreshToken|refreshExpiresIn|payload)\b")
_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


class Refusal(NamedTuple):
    """An error of the sign-in, in Kraken's words. The codes of keys and logins are known, others assumed."""

    code: str
    message: str
    description: str
    field: str = ""


_INVALID: Final = Refusal("KT-CT-1135", "Invalid data.", "One way to sign in is required, and one alone.")
_WRONG_LOGIN: Final = Refusal(
    "KT-CT-1138", "Invalid data.", "Please make sure the credentials are correct.", "password"
)
_WRONG_KEY: Final = Refusal("KT-CT-1139", "Invalid data.", "Authentication failed.", "APIKey")
_WRONG_ORGANISATION: Final = Refusal(
    "KT-CT-1138", "Invalid data.", "Please make sure the credentials are correct.", "organizationSecretKey"
)


class _Given(NamedTuple):
    """The user who signs in (None if unknown), and the refusal if the credentials are wrong."""

    name: str | None
    refusal: Refusal


@dataclass(slots=True, kw_only=True)
class Issuer:
    """Issues tokens of `life` seconds to whom it knows: organisation keys, API keys, e-mail and password."""

    organisation_keys: frozenset[str] = frozenset()
    api_keys: frozenset[str] = frozenset()
    passwords: dict[str, str] = field(default_factory=dict)
    life: float = 3600.0
    issued: int = 0
    refused_requests: int = 0
    """Requests of the API that were answered 401."""
    revoked: set[str] = field(default_factory=set)
    _usual_life: float = field(init=False)
    _valid: dict[bytes, tuple[str, float]] = field(default_factory=dict, repr=False)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        """Remember what `reset` goes back to."""
        self._usual_life = self.life

    def reset(self) -> None:
        """Forget all tokens and all changes."""
        self.life, self.issued, self.refused_requests = self._usual_life, 0, 0
        self.revoked.clear()
        self._valid.clear()

    def revoke(self, *, name: str) -> None:
        """Take a key, or an e-mail address, no longer; its tokens end too."""
        self.revoked.add(name)
        self._valid = {token: each for token, each in self._valid.items() if each[0] != name}

    def end_tokens(self) -> None:
        """End all tokens before their time."""
        self._valid.clear()

    def refusal(self, *, token: bytes, now: float) -> Reply | None:
        """Return why a token is refused; None for an accepted one."""
        found = self._valid.get(token)
        if found is None:
            return replies.WRONG_TOKEN
        if now >= found[1]:
            del self._valid[token]
            return replies.EXPIRED_TOKEN
        return None

    def answer(self, *, body: bytes, now: float, shift: float) -> Reply:
        """Answer the mutation. The token's times are those of a clock `shift` seconds ahead of `now`."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict) or MUTATION not in str(document.get("query")):
            return _graphql_error(f"Only {MUTATION} is known.")
        variables = document.get("variables")
        given = variables.get("input") if isinstance(variables, dict) else None
        if not isinstance(given, dict):
            return _graphql_error(f"Variable '$input' of {MUTATION} is an object.")
        name, refusal = self._who(given)
        if name is None or name in self.revoked:
            return refused(refusal=refusal)
        asked = set(_FIELDS.findall(str(document["query"]).partition(MUTATION)[2]))
        return self._issue(name=name, asked=asked, now=now, shift=shift)

    def _who(self, given: dict[str, Any]) -> _Given:
        ways = {way: value for way, value in given.items() if value is not None}
        match ways:
            case {"organizationSecretKey": str(key), **rest} if not rest:
                return _Given(key if key in self.organisation_keys else None, _WRONG_ORGANISATION)
            case {"APIKey": str(key), **rest} if not rest:
                return _Given(key if key in self.api_keys else None, _WRONG_KEY)
            case {"email": str(email), "password": str(password), **rest} if not rest:
                return _Given(email if self.passwords.get(email) == password else None, _WRONG_LOGIN)
        return _Given(None, _INVALID)

    def _issue(self, *, name: str, asked: set[str], now: float, shift: float) -> Reply:
        issued_at = int(now + shift)
        claims: dict[str, Any] = {
            "sub": f"kraken|{hashlib.sha256(name.encode()).hexdigest()[:12]}",
            "iat": issued_at,
            "exp": issued_at + int(self.life) if self.life >= 1 else issued_at + self.life,
            # Two tokens of one second are two tokens.
            "jti": secrets.token_hex(8),
        }
        token = self._signed(claims)
        self._valid[token.encode()] = (name, now + self.life)
        self.issued += 1
        answers = {
            "token": token,
            "refreshToken": secrets.token_hex(32),
            "refreshExpiresIn": issued_at + _REFRESH_SECONDS,
            "payload": claims,
        }
        return Reply(200, {"data": {MUTATION: {name: answers[name] for name in answers if name in asked}}})

    def _signed(self, claims: dict[str, Any]) -> str:
        head = b".".join(_base64(orjson.dumps(part)) for part in (_HEADER, claims))
        return (head + b"." + _base64(hmac.digest(self._secret, head, "sha256"))).decode()


def refused(*, refusal: Refusal) -> Reply:
    """The errors of a sign-in that is not accepted: HTTP 200, as GraphQL has it."""
    extensions: dict[str, Any] = {
        "errorType": "VALIDATION",
        "errorCode": refusal.code,
        "errorDescription": refusal.description,
        "errorClass": "VALIDATION",
        "validationErrors": [],
    }
    if refusal.field:
        extensions["validationErrors"] = [
            {"message": refusal.description, "inputPath": ["input", refusal.field]}
        ]
    error = {
        "message": refusal.message,
        "locations": [{"line": 1, "column": 1}],
        "path": [MUTATION],
        "extensions": extensions,
    }
    return Reply(200, {"errors": [error], "data": {MUTATION: None}})


def _graphql_error(message: str) -> Reply:
    """An error before any mutation is looked at: without a code."""
    return Reply(400, {"errors": [{"message": message, "locations": [{"line": 1, "column": 1}]}]})


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
