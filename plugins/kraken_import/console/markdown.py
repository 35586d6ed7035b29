"""Shows the question of a gate as Airflow keeps it, in Markdown. No tag of a text becomes one of the page."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from kraken_import.domain.texts import undirected

_FIGURE: Final = "text-align:right"


def shown(*, text: str) -> Markup:
    """Return a text as HTML."""
    tokens = _parser().parse(undirected(text=text))
    for token in tokens:
        # The pages' policy forbids inline styles; a class says the same.
        style = token.attrs.pop("style", None)
        if style == _FIGURE:
            token.attrSet("class", "figure")
    html = _parser().renderer.render(tokens, _parser().options, {})
    return Markup(html)  # noqa: S704 - the parser escapes what stands in the text


@cache
def _parser() -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark", {"html": False, "breaks": True})
        .enable("table")
        .disable(["link", "image", "autolink"])
    )
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    return parser


def _open_table(*_: Any) -> str:
    return '<div class="scroll"><table>\n'


def _close_table(*_: Any) -> str:
    return "</table></div>\n"
