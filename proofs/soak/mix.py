"""The faults of a soak: of every kind that passes by itself, together about five requests in a hundred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import requests

from kraken_import.local.problems import StackProblem

_SECONDS: Final = 30.0
_WHOLE: Final = 10_000


class UnableToSetFaults(StackProblem):
    """The stand-in does not take the faults, or has others."""


class Mixed(NamedTuple):
    """A fault of the mix: how people call it, how many of 10,000 requests it strikes, and its settings."""

    name: str
    share: int
    settings: Mapping[str, Any]


def _garbled(how: str, *, effect: bool = True) -> dict[str, Any]:
    return {"kind": "garbled", "how": how, "effect": effect}


# A 429 says that too much is under way, and the pipeline then holds back: at random it can only be rare.
MIX: Final[Sequence[Mixed]] = (
    Mixed("500 without effect", 80, {"kind": "error", "status": 500}),
    Mixed(
        "503 with Retry-After", 20, {"kind": "error", "status": 503, "retry_after": "seconds", "seconds": 1}
    ),
    Mixed("502 although accepted", 50, {"kind": "error_after", "status": 502}),
    Mixed("504 although accepted", 20, {"kind": "error_after", "status": 504}),
    Mixed("reset before the effect", 40, {"kind": "drop_before", "how": "reset"}),
    Mixed("reset after the effect", 40, {"kind": "drop_after", "how": "reset"}),
    Mixed("end while it uploads", 20, {"kind": "drop_upload"}),
    Mixed("end after the status line", 20, {"kind": "drop_status_line"}),
    Mixed("end within the body", 30, {"kind": "drop_body"}),
    Mixed("answer half a second late", 60, {"kind": "slow", "seconds": 0.5}),
    Mixed("effect half a second late", 30, {"kind": "late", "seconds": 0.5}),
    Mixed("effect after a reset", 15, {"kind": "late", "how": "reset", "seconds": 0.3}),
    Mixed("no answer until the timeout", 5, {"kind": "hang"}),
    Mixed("web page without effect", 25, _garbled("html", effect=False)),
    Mixed("web page although accepted", 20, _garbled("html")),
    Mixed("broken JSON", 15, _garbled("broken_json")),
    Mixed("no body", 10, _garbled("empty")),
    Mixed("invalid UTF-8", 10, _garbled("invalid_utf8")),
    Mixed("429 to a validation", 5, {"kind": "throttle", "operation": "validate"}),
    Mixed("429 to a create", 1, {"kind": "throttle", "operation": "create"}),
    Mixed("429 to a status", 5, {"kind": "throttle", "operation": "status"}),
    # These strike only what was told before, and what was created just now.
    Mixed("status that goes back", 500, {"kind": "backwards"}),
    Mixed("404 soon after the create", 50, {"kind": "invisible", "seconds": 5}),
)


@contextmanager
def suffered(*, kraken_url: str, seed: int) -> Iterator[None]:
    """Have the stand-in suffer the mix until the block ends. The same seed strikes the same requests.

    Raises UnableToSetFaults, also where it suffers others already: what they come to would be judged with it.
    """
    address = f"{kraken_url}/simulator/faults"
    with _session() as session:
        if _answer(session, "GET", address)["faults"]:
            raise UnableToSetFaults(
                f"The stand-in at {kraken_url} suffers faults already: end them with "
                f"curl -X DELETE {address}, then start the soak again."
            )
        try:
            for number, fault in enumerate(MIX):
                # Faults of one kind and one seed would strike the very same requests.
                when = {"operation": "any", "probability": fault.share / _WHOLE, "seed": seed * 100 + number}
                _answer(session, "POST", address, when | dict(fault.settings))
            yield
        finally:
            _answer(session, "DELETE", address)


def struck(*, kraken_url: str) -> dict[str, int]:
    """How often each fault of the mix has struck, while it is suffered."""
    with _session() as session:
        found = _answer(session, "GET", f"{kraken_url}/simulator/faults")["faults"]
    return {fault.name: int(each["struck"]) for fault, each in zip(MIX, found, strict=True)}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _answer(
    session: requests.Session, method: str, address: str, body: Mapping[str, Any] | None = None
) -> Any:
    try:
        answer = session.request(method, address, json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise UnableToSetFaults(f"The stand-in does not take faults at {address}: see .run/logs.") from error
