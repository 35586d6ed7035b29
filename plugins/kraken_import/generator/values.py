"""The codes for which the generated customers use Kraken's own words."""

from __future__ import annotations

from transforms.dialect import ANY_CODE
from transforms.registry import get_dialect, usable_dialects


def configured_values() -> dict[str, dict[str, dict[str, str]]]:
    """Return a Connection's configured values for them, by dialect and setting: codes as they are."""
    return {
        name: {
            column.setting: {ANY_CODE: ANY_CODE}
            for frame in get_dialect(name=name).frames
            for column in frame.columns
            if column.setting
            and not column.codes
            and column.setting not in get_dialect(name=name).default_values
        }
        for name in usable_dialects()
    }
