"""Renders the console's pages, and the headers that each carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kraken_import.console.markdown import shown
from kraken_import.domain.lifecycle import State
from kraken_import.domain.texts import counted, undirected
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.pace import in_words
from kraken_import.usecases.rerun_result import says_of_some_left
from transforms.money import written

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_KINDS: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}

GOOD: Final = frozenset({State.PROCESSED, State.DRY_RUN_SUCCEEDED})
BAD: Final = frozenset({State.REJECTED, State.INVALID, State.ERRORED, State.CANCELLED, State.DRY_RUN_ERRORED})
UNSURE: Final = frozenset({State.PARKED, State.UNRECOGNISED, State.MISSING})


def page(*, template: str, status: int = 200, **values: Any) -> Response:
    """Return a whole page. Every value is escaped, and a missing one is an error."""
    text = environment().get_template(f"{template}.html").render(**values)
    return answer(body=text.encode(), status=status)


def answer(*, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page whose text is known, with the headers of all pages and some of its own."""
    return Response(
        body,
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={**HEADERS, **(headers or {})},
    )


def tone(state: State) -> str:
    """Return how a state is coloured: good, bad, unsure, or under way."""
    return "good" if state in GOOD else "bad" if state in BAD else "unsure" if state in UNSURE else "way"


def static(*, name: str) -> Response | None:
    """Return a style sheet or a module of the pages; None where there is none of this name."""
    kind = _KINDS.get(name.rpartition(".")[2])
    file = files(__package__) / "static" / name
    if kind is None or "/" in name or not file.is_file():
        return None
    headers = dict(HEADERS) | {"Cache-Control": "private, max-age=86400"}
    return Response(file.read_bytes(), media_type=kind, headers=headers)


@cache
def version() -> str:
    """Return what changes with the pages: a page that was open over an upgrade notices it."""
    digest = hashlib.sha256()
    for folder in ("static", "templates"):
        for file in sorted((files(__package__) / folder).iterdir(), key=lambda each: each.name):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def environment() -> Environment:
    """Return the templates of the console."""
    found = Environment(
        loader=PackageLoader("kraken_import.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["number"] = lambda value: f"{value:,}"
    found.filters["counted"] = lambda number, noun: counted(number=number, noun=noun)
    found.filters["share"] = lambda part, whole: f"{100 * part / whole:.1f} %" if whole else "–"
    found.filters["at"] = lambda when: in_utc(at=when) if when else "–"
    found.filters["at_or"] = lambda when, otherwise: in_utc(at=when) if when else otherwise
    found.filters["plain"] = lambda text: undirected(text=str(text))
    found.filters["own"] = lambda text: Markup("<bdi>{}</bdi>").format(undirected(text=str(text)))
    found.filters["within"] = lambda ms: "more than 30 s" if ms is None else f"{ms:,} ms"
    found.filters["tone"] = tone
    found.filters["state_tone"] = lambda state: tone(State(state))
    found.filters["age"] = _age
    found.filters["money"] = lambda cents: written(cents=Decimal(cents))
    found.filters["markdown"] = lambda text: shown(text=text)
    found.filters["outcome_tone"] = lambda outcome, said: _outcome_tone(outcome=outcome, said=said)
    found.filters["lasting"] = lambda left: in_words(left=left)
    found.globals["now"] = lambda: datetime.now(UTC)
    found.globals["version"] = version()
    return found


def _outcome_tone(*, outcome: str | None, said: str) -> str:
    """Return how the end of an order is coloured: one that was carried out may have mended little."""
    if outcome == "done":
        return "unsure" if says_of_some_left(sentence=said) else "good"
    return {"refused": "unsure", "failed": "bad"}.get(outcome or "", "way")


def _age(when: datetime | None) -> str:
    """Return how long ago something was, in words."""
    if when is None:
        return "–"
    seconds = max(0, int((datetime.now(UTC) - when).total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}s ago"
    return f"{seconds} seconds ago"
