"""Shows the question of a gate as Airflow keeps it: paragraphs, bold words, code and tables of Markdown.

Everything is escaped first, so that no tag of a text becomes one of the page.
"""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_BOLD: Final = re.compile(r"\*\*([^*]+)\*\*")
_CODE: Final = re.compile(r"`([^`]+)`")


def shown(*, text: str) -> Markup:
    """Return a text as HTML."""
    parts = re.split(r"\n\s*\n", text.strip())
    return Markup("\n").join(_part(lines=part.splitlines()) for part in parts)


def _part(*, lines: list[str]) -> Markup:
    if len(lines) > 1 and all(line.lstrip().startswith("|") for line in lines):
        return _table(lines=lines)
    return Markup("<p>{}</p>").format(Markup("<br>").join(_words(line) for line in lines))


def _table(*, lines: list[str]) -> Markup:
    header, ruler, *rows = (_cells(line) for line in lines)
    kinds = ["figure" if cell.endswith(":") else "" for cell in ruler]
    kinds += [""] * len(header)

    def row(tag: str, cells: list[str]) -> Markup:
        return Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup('<{0} class="{1}">{2}</{0}>').format(tag, kind, _words(cell))
                for cell, kind in zip(cells, kinds, strict=False)
            )
        )

    return Markup('<div class="scroll"><table><thead>{}</thead><tbody>{}</tbody></table></div>').format(
        row("th", header), Markup("").join(row("td", each) for each in rows)
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _words(text: str) -> Markup:
    safe = str(escape(text))
    safe = _BOLD.sub(r"<b>\1</b>", safe)
    return Markup(_CODE.sub(r"<code>\1</code>", safe))  # noqa: S704 - escaped above
