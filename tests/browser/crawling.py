"""Every kind of page that the console's own links lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.browser.desk import Desk

_LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(each => each.href)"
_FILES = (".csv", ".json", ".txt")


def kind_of(*, path: str) -> str:
    """Return what pages of one kind have in common: numbers and identifiers are left out of the address."""
    place, _, query = path.partition("?")
    words = [_general(word) for word in place.split("/")]
    fields = sorted(field.partition("=")[0] for field in query.split("&") if field)
    return "/".join(words) + (f"?{'&'.join(fields)}" if fields else "")


def pages(*, desk: Desk, start: str) -> Iterator[str]:
    """Open one page of each kind, and yield its address while it stands open."""
    todo, known = [start], {kind_of(path=start)}
    while todo:
        path = todo.pop(0)
        answer = desk.page.goto(f"{desk.address}/{path}")
        assert answer.status == 200, f"{path} answers {answer.status}: {desk.words}"
        yield path
        # A caller may have left the page.
        if desk.path != path:
            desk.go(path)
        for found in _links(desk=desk):
            if kind_of(path=found) not in known:
                known.add(kind_of(path=found))
                todo.append(found)


def _links(*, desk: Desk) -> list[str]:
    """Return where the links of the open page lead to, below the console's address."""
    found = []
    for address in desk.page.evaluate(_LINKS):
        whole = urlsplit(address)
        if whole.path.endswith(_FILES) or not address.startswith(f"{desk.address}/"):
            continue
        found.append(address.removeprefix(f"{desk.address}/").partition("#")[0])
    return list(dict.fromkeys(found))


def _general(word: str) -> str:
    return "…" if re.fullmatch(r"\d+|[0-9a-f-]{36}", word) else word
