"""What the generated customers call as Kraken does."""

from __future__ import annotations

from transforms.dialect import ANY_CODE
from transforms.registry import dialect_names, get_dialect


def configured_values() -> dict[str, dict[str, dict[str, str]]]:
    """Configured values for a Connection to migrate them, by dialect and setting: each code as it is."""
    return {
        name: {
            column.setting: {ANY_CODE: ANY_CODE}
            for frame in get_dialect(name=name).frames
            for column in frame.columns
            if column.setting
            and not column.codes
            and column.setting not in get_dialect(name=name).default_values
        }
        for name in dialect_names()
    }
