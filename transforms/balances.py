"""The money that a payload brings along, for sums that people compare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from transforms.dialect import Dialect
from transforms.rules.ledgers import cents


def balance_in_cents(*, dialect: Dialect, body: bytes) -> int:
    """The sum of a payload's balances in whole cents; 0 for a dialect without any."""
    if not dialect.balance_path:
        return 0
    return sum(cents(amount) for amount in _at(node=orjson.loads(body), path=dialect.balance_path))


def _at(*, node: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _at(node=item, path=path)
    elif not path:
        if node is not None:
            yield node
    elif isinstance(node, dict):
        yield from _at(node=node.get(path[0]), path=path[1:])
