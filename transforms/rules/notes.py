"""Notes and metadata of accounts."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.rules import dates
from transforms.rules.engine import Document, Fault, ObjectRule, Rule


def note_rules(path: str) -> tuple[Rule, ...]:
    """A note says something, and is not unpinned before it is written."""
    return (
        dates.times_ordered(
            path, first="created_at", then="unpin_at", code="note_unpin_at_earlier_than_creation_date"
        ),
        ObjectRule(
            code="note_body_or_document_path_not_found",
            path=path,
            explanation="A note needs a text or a document.",
            faults=_empty_note,
        ),
    )


def unique_metadata() -> Rule:
    """No key of the metadata is there twice."""
    return unique_in_list("metadata", "key", code="metadata_has_duplicate_keys")


def unique_in_list(name: str, key: str, *, code: str) -> Rule:
    """No two entries of one of a payload's lists have the same value in a field."""

    def faults(payload: Document) -> Iterator[Fault]:
        seen = set()
        for index, item in enumerate(payload.get(name) or ()):
            if key not in item:
                continue
            if item[key] in seen:
                yield Fault(f"{name}.{index}.{key}")
            seen.add(item[key])

    return ObjectRule(
        code=code,
        path="",
        explanation=f"No two entries of {name} may have the same {key}.",
        faults=faults,
        fields=(f"{name}.{key}",),
    )


def _empty_note(note: Document) -> Iterator[Fault]:
    if not note.get("body") and not note.get("document_paths"):
        yield Fault()
