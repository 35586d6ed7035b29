"""What the addresses and forms of the console say, read once and in the same way."""

from __future__ import annotations

from collections.abc import Mapping

from kraken_import.usecases.faults import BadRequest


def wave_id_of(*, values: Mapping[str, str]) -> int:
    """Return the wave that a form names. Raises `BadRequest`."""
    said = values.get("wave", "")
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise BadRequest("Say which wave: go to its page, and press the button there.")
    return int(said)
