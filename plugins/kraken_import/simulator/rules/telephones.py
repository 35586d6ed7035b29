"""The rule on telephone numbers, which three guides state in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Check, Context, Found, Rulebook
from kraken_import.simulator.rules.values import is_phone

_CODE: Final = "invalid_phone_number"


def add_telephones(*fields: str, on: str, book: Rulebook, source: str = "") -> None:
    """Declare that these fields of a kind of object hold numbers that can be dialled, or nothing."""
    says = (
        f"{' and '.join(fields)}: no number that can be dialled. What the norms of a region are is stated"
        " nowhere, so that only what has letters in it, or fewer than 5 or more than 15 digits, is refused."
    )
    book.add(_CODE, on=on, at=" ".join(fields), says=says, check=_check(fields), source=source)


def _check(fields: tuple[str, ...]) -> Check:
    def check(person: Found, _: Context) -> Iterator[Breach]:
        for name in fields:
            value = person.get(name)
            if value and not is_phone(value=value):
                yield Breach(name, f"{value} is not a valid phone number")

    return check
