"""Pages of customers: each must continue the one before, or a wave would take some twice and others never.

In which order text ascends is for the legacy database to say, since its collation is not Python's. So where
Python's order is broken, the statement itself is asked what comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import TextClause

from transforms.database import UnableToQuery, stripped

PAGING: Final = frozenset({"after", "row_limit"})
_ASKED: Final = 3


@dataclass(slots=True, kw_only=True)
class Pages:
    """Checks one page after the other. `source` names the file in the `UnableToQuery` that it raises."""

    source: str
    _last: frozenset[str] = frozenset()
    _ends: set[str] = field(default_factory=set)

    def checked(self, *, keys: Sequence[Any], next_after: Callable[[str], str | None]) -> list[str]:
        """The keys of a page without the blanks around them.

        `next_after` asks the statement for the first key above one of this page.
        """
        found = [self._key(value=key) for key in keys]
        page = frozenset(found)
        if len(page) < len(found):
            raise UnableToQuery(
                f"{self.source} delivers a customer twice, or two that differ only by blanks around their "
                "identifiers: it must deliver each once."
            )
        if not page.isdisjoint(self._last) or (found and found[-1] in self._ends):
            raise UnableToQuery(
                f"{self.source} delivers customers again that it has delivered before: it must order by "
                "external_identifier, ascending, and select what is above :after."
            )
        descents = [number for number, (one, other) in enumerate(pairwise(found)) if one >= other]
        for number in descents[:_ASKED]:
            if stripped(next_after(keys[number])) != found[number + 1]:
                raise UnableToQuery(
                    f"{self.source} does not deliver its customers in ascending order: it must order by "
                    "external_identifier, as :after is compared with it."
                )
        self._last = page
        self._ends.update(found[-1:])
        return found

    def _key(self, *, value: Any) -> str:
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            raise UnableToQuery(
                f"{self.source} delivers a customer whose external_identifier is NULL or blank: leave it out."
            )
        if not isinstance(value, str):
            raise UnableToQuery(
                f"{self.source} returns an external_identifier that is not a text: write CAST(… AS text)."
            )
        return value.strip()


def check_paging(*, statement: TextClause, source: str) -> None:
    """Raise `UnableToQuery` for a statement that cannot be read page by page."""
    if unread := sorted(PAGING - set(statement.compile().params)):
        raise UnableToQuery(f"{source} does not look at :{unread[0]}: it could not be read page by page.")
    if "order by" not in " ".join(statement.text.lower().split()):
        raise UnableToQuery(f"{source} has no ORDER BY: it must order by external_identifier.")
