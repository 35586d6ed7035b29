"""Renders the templates beside it. A page needs no network: styles and charts are part of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(*, template: str, **values: Any) -> str:
    """Return a whole HTML page. Every value is escaped; a template with a missing value raises."""
    return _environment().get_template(f"{template}.html").render(**values)


def csv_text(*, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV (RFC 4180) for spreadsheets: values that look like a formula are defused."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets calculate with, in their full width as well; blanks before it change nothing."""


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    is_formula = cell.startswith(_BEGINS_A_FORMULA) or cell.lstrip(" ").startswith(_BEGINS_A_FORMULA)
    return f"'{cell}" if is_formula else cell


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kraken_import.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["breakable"] = lambda name: Markup("<wbr>").join(re.split(r"(?<=[._])", name))
    environment.filters["share"] = lambda part, whole: f"{100 * part / whole:.1f} %" if whole else "–"
    return environment
