"""Numbers that the environment of an installation gives: read when the DAGs are, refused in one sentence."""

from __future__ import annotations

import os
from datetime import timedelta

from transforms.wording import shown_value


class UnableToReadEnvironment(Exception):
    """A variable of the environment holds no number that makes sense; the message names it and the remedy."""


def batches_at_once() -> int:
    """How many batches of a dialect are worked on at once. Raises `UnableToReadEnvironment`."""
    return _whole_number(name="MIGRATION_BATCHES_AT_ONCE", default=4, most=1_000)


def patience() -> timedelta:
    """How long a task waits for what passes by itself. Raises `UnableToReadEnvironment`."""
    return timedelta(minutes=_whole_number(name="MIGRATION_PATIENCE_MINUTES", default=30, most=1_440))


def _whole_number(*, name: str, default: int, most: int) -> int:
    said = os.environ.get(name, "").strip()
    if not said:
        return default
    # Python reads no number of thousands of digits.
    is_number = said.isascii() and said.isdigit() and len(said.lstrip("0")) <= len(str(most))
    if not is_number or not 1 <= int(said) <= most:
        raise UnableToReadEnvironment(
            f"{name} must be a whole number from 1 to {most:,}, not {shown_value(value=said)}: correct it in "
            "the environment of Airflow, or remove it there."
        )
    return int(said)
