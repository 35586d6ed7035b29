"""Values that a guide shows by an example only: the list stays open."""

from __future__ import annotations

from transforms.rules.engine import Rule, ValueRule


def shown_by_guide(path: str, *values: str) -> Rule:
    """A value that the guide shows at a path, or that the client named. Another is a warning at most."""
    known = frozenset(values)
    return ValueRule(
        code="unlisted_value",
        path=path,
        explanation="The guide does not show this value: make sure that this Kraken knows it.",
        severity="warning",
        holds=known.__contains__,
    )
