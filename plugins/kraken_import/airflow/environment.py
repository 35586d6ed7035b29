"""Numbers and days from the environment of an installation: read with the DAGs, refused in one sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from kraken_import.domain.retention import Kind, UnableToReadRetention, read_retention
from transforms.wording import shown_value

RETENTION: Final = "MIGRATION_RETENTION"
DEADLINE: Final = "MIGRATION_DEADLINE_MINUTES"


class UnableToReadEnvironment(Exception):
    """An environment variable says nothing that makes sense; the message names it and the remedy."""


def batches_at_once() -> int:
    """Return how many batches of a dialect are worked on at once. Raises `UnableToReadEnvironment`."""
    return _whole_number(name="MIGRATION_BATCHES_AT_ONCE", default=4, most=1_000)


def patience() -> timedelta:
    """Return how long a task waits for a temporary fault to pass. Raises `UnableToReadEnvironment`."""
    return timedelta(minutes=_whole_number(name="MIGRATION_PATIENCE_MINUTES", default=30, most=1_440))


def deadline_minutes() -> int | None:
    """Return after how many minutes people are told of a run that goes on; None: never.

    Raises `UnableToReadEnvironment`.
    """
    return _whole_number(name=DEADLINE, default=0, most=100_000) or None


def retention_days() -> Mapping[Kind, int]:
    """Return for how many days each kind of data is kept. Raises `UnableToReadEnvironment`."""
    try:
        return read_retention(name=RETENTION, said=os.environ.get(RETENTION, ""))
    except UnableToReadRetention as problem:
        raise UnableToReadEnvironment(str(problem)) from None


def _whole_number(*, name: str, default: int, most: int) -> int:
    said = os.environ.get(name, "").strip()
    if not said:
        return default
    # Python refuses numbers with thousands of digits.
    is_number = said.isascii() and said.isdigit() and len(said.lstrip("0")) <= len(str(most))
    if not is_number or not 1 <= int(said) <= most:
        raise UnableToReadEnvironment(
            f"{name} must be a whole number from 1 to {most:,}, not {shown_value(value=said)}: correct it in "
            "the environment of Airflow, or remove it there."
        )
    return int(said)
