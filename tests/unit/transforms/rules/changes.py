"""Changes to a payload, for tables of what rules must find."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

Change: TypeAlias = Callable[[Any], None]


def put(path: str, value: Any) -> Change:
    """Set what stands at a path with indexes; None removes it."""

    def change(document: Any) -> None:
        *way, last = path.split(".")
        node = document
        for part in way:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        key: Any = int(last) if isinstance(node, list) else last
        if value is not None:
            node[key] = value
        elif isinstance(node, list):
            del node[key]
        else:
            node.pop(key, None)

    return change


def again(path: str, **changes: Any) -> Change:
    """Append a copy of the first entry of a list, with these fields changed."""

    def change(document: Any) -> None:
        node = document
        for part in path.split("."):
            node = node[int(part)] if isinstance(node, list) else node[part]
        node.append(copy.deepcopy(node[0]) | changes)

    return change
