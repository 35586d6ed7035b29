"""The customers of the published guides: raw frames as the legacy database delivers them, and the payload."""

from __future__ import annotations

from datetime import date
from typing import Any

from kraken_import.conformance.samples import TODAY as TODAY
from kraken_import.conformance.samples import Rows, Sample, samples_of
from kraken_import.conformance.samples import as_frames as as_frames
from transforms.dialect import Dialect


def _guides(*, dialect: Dialect) -> Sample:
    return samples_of(dialect=dialect)[0]


def day_of(*, dialect: Dialect) -> date:
    """The day on which the guide's customer is built to be its example, word for word."""
    return _guides(dialect=dialect).today


def expected_payload(*, dialect: Dialect) -> dict[str, Any]:
    """The payload that the guide prints."""
    return _guides(dialect=dialect).payload


def identifier_of(*, dialect: Dialect) -> str:
    """The external identifier of the guide's customer."""
    return _guides(dialect=dialect).identifier


def sample_rows(*, dialect: Dialect) -> Rows:
    """The raw rows of every frame, for one customer."""
    return _guides(dialect=dialect).rows
