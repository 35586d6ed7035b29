"""Which columns of a dialect's SQL are needed: keys, what a frame asks for, what its sample is sent with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kraken_import.conformance.samples import Sample, samples_of
from transforms.dialect import Dialect, Frame


def asked_columns(*, frame: Frame) -> list[str]:
    """Return the columns without which a row is refused, or sent with a warning: keys are among them."""
    return [*frame.key, *(each.name for each in frame.columns if each.required or each.expected)]


def is_as_begun(*, frame: Frame, empty: Collection[str]) -> bool:
    """Whether a statement is still NULL in all columns, as it was begun, and so delivers no row."""
    return set(frame.column_names) <= set(empty)


def shown_columns(*, dialect: Dialect, frame: Frame, sent: Collection[str]) -> list[str]:
    """Return the columns whose fields are among the generic paths that a payload is sent with."""
    frames = {each.name: each for each in dialect.frames}
    above: list[str] = []
    inner = frame
    while inner.parent:
        above.insert(0, inner.target)
        inner = frames[inner.parent]
    return [each.name for each in frame.columns if ".".join((*above, *each.place)) in sent]


def first_sample(*, dialect: Dialect) -> Sample | None:
    """Return the sample that shows every list of a dialect; None while it has no payload."""
    found = samples_of(dialect=dialect)[0]
    return found if found.has_payload else None


def paths(node: Any, above: str = "") -> set[str]:
    """Return every generic path of a payload, without what is inside of metadata."""
    found: set[str] = set()
    if isinstance(node, dict):
        for name, value in node.items():
            path = f"{above}.{name}" if above else name
            found.add(path)
            if path != "metadata.value":
                found |= paths(value, path)
    elif isinstance(node, list):
        for value in node:
            found |= paths(value, above)
    return found
