"""For how many days each kind of data is kept, as one setting says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["payloads", "answers", "digests", "details", "reports", "runs"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""In the order in which they go: what is dropped with the payloads need not be deleted row by row."""

_MOST: Final = 36_500


class UnableToReadRetention(Exception):
    """The setting means nothing; the message names it and the remedy."""


def read_retention(*, name: str, said: str) -> Mapping[Kind, int]:
    """Return the days by kind that a setting of this name says, in the order of `KINDS`.

    A kind that it does not name is kept. Raises `UnableToReadRetention` in one sentence.
    """
    found: dict[str, int] = {}
    for part in said.replace(",", " ").split():
        kind, sign, days = part.partition("=")
        is_number = days.isascii() and days.isdigit() and len(days) <= len(str(_MOST))
        if not sign or kind not in KINDS or kind in found or not is_number or not 1 <= int(days) <= _MOST:
            raise UnableToReadRetention(
                f"{name} must give days by kind, each kind once, such as payloads=90 details=365 (kinds: "
                f"{', '.join(KINDS)}; 1 to {_MOST:,} days), and part {len(found) + 1} of it is not so: "
                "correct it in the environment of Airflow, or remove it there."
            )
        found[kind] = int(days)
    return {kind: found[kind] for kind in KINDS if kind in found}
