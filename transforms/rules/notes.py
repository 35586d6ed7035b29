"""Notes and metadata of accounts."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.rules import dates
from transforms.rules.engine import Document, Fault, ObjectRule, Rule


def note_rules(path: str) -> tuple[Rule, ...]:
    """Both rules about notes. Returns them for the notes at a path."""
    return (unpinned_after(path), note_says_something(path))


def unpinned_after(path: str) -> Rule:
    """A note is not unpinned before it is written."""
    return dates.times_ordered(
        path, first="created_at", then="unpin_at", code="note_unpin_at_earlier_than_creation_date"
    )


def note_says_something(path: str) -> Rule:
    """A note has a text or a document."""
    return ObjectRule(
        code="note_body_or_document_path_not_found",
        path=path,
        explanation="A note needs a text or a document.",
        faults=_empty_note,
    )


def unique_metadata() -> Rule:
    """No key of the metadata is there twice."""
    return unique_in_list("metadata", "key", code="metadata_has_duplicate_keys")


def unique_in_list(name: str, key: str, *, code: str, path: str = "") -> Rule:
    """No two entries of a list have the same value in a field. `path` leads to the objects with the list."""

    def faults(holder: Document) -> Iterator[Fault]:
        seen = set()
        for index, item in enumerate(holder.get(name) or ()):
            value = item.get(key)
            if value is None:
                continue
            if value in seen:
                yield Fault(f"{name}.{index}.{key}")
            seen.add(value)

    return ObjectRule(
        code=code,
        path=path,
        explanation=f"No two entries of {name} may have the same {key}.",
        faults=faults,
        fields=(f"{name}.{key}",),
    )


def _empty_note(note: Document) -> Iterator[Fault]:
    if not note.get("body") and not note.get("document_paths"):
        yield Fault()
