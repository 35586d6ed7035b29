"""What the addresses and forms of the console say, read once and in the same way."""

from __future__ import annotations

from collections.abc import Mapping

from kraken_import.usecases.faults import BadRequest


def number_of(*, text: str) -> int | None:
    """Return the number of something, as addresses and forms name it; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def wave_id_of(*, values: Mapping[str, str]) -> int:
    """Return the wave that a form names. Raises `BadRequest`."""
    found = number_of(text=values.get("wave", ""))
    if found is None:
        raise BadRequest("Say which wave: go to its page, and press the button there.")
    return found
