"""The page of the differences that are meant."""

from __future__ import annotations

from collections.abc import Sequence

from proofs.audit.differences import Explained
from proofs.audit.explained import CONTRACT, EXPLAINED
from transforms.registry import get_dialect


def text() -> str:
    """The page."""
    parts = [
        "# What two readers of the sources see differently\n\n"
        "`make audit` wrote this page. It sends generated customers, good and broken, and mutations of the "
        "good ones through our models and rules and through the stand-in's, which were written apart from "
        "each other, and fails on a difference that does not stand here. `shape` is a value of another type, "
        "length or form than the model has, `unknown_key` a field that it does not have, and `*` stands for "
        "anything. *Served* is the OpenAPI document of a Kraken, *guide* the client's.\n"
    ]
    parts += [f"## {get_dialect(name=name).title}\n\n{_table(rows)}" for name, rows in EXPLAINED.items()]
    parts += [
        f"## {get_dialect(name=name).title}: the model and the served document\n\n"
        f"`make audit DIALECT={name} CONTRACT=FILE` makes documents that the served OpenAPI document allows, "
        "and broken ones; FILE is what that Kraken serves under `/data-import/schema/`, as YAML or JSON. "
        "Keys that the model does not know are left out before: a wave never sends them. "
        "A text of format decimal is read as one with a digit, and of forms that nothing in them tells apart "
        "any may fit.\n\n"
        f"{_table(rows)}"
        for name, rows in CONTRACT.items()
    ]
    return "\n".join(parts)


def _table(rows: Sequence[Explained]) -> str:
    if not rows:
        return "No difference.\n"
    lines = "\n".join(
        f"| {row.refused_by} | `{row.code}` | `{row.path or 'the record'}` | {_changes(row)} "
        f"| {row.source} | {row.reason} |"
        for row in rows
    )
    return (
        "| refused by | code | path | when | source | why it stays |\n"
        f"| --- | --- | --- | --- | --- | --- |\n{lines}\n"
    )


def _changes(row: Explained) -> str:
    """The changes of a row in words; of any change, nothing."""
    return ", ".join(f"`{change}`" for change in row.changes if change != "*")
