"""The question of a gate is shown as Airflow shows it, and nothing in it becomes a tag."""

from __future__ import annotations

import re

from kraken_import.console.markdown import shown


def test_tables_bold_words_and_code_are_shown_as_such() -> None:
    text = "**12 customers** of `edf_accounts`.\n\n| records | code |\n| ---: | --- |\n| 3 | `bad` |"
    html = re.sub(r">\s+<", "><", shown(text=text))
    assert "<p><strong>12 customers</strong> of <code>edf_accounts</code>.</p>" in html
    assert '<div class="scroll"><table><thead><tr><th class="figure">records</th><th>code</th></tr>' in html
    assert '<tr><td class="figure">3</td><td><code>bad</code></td></tr>' in html
    assert "style" not in html


def test_a_name_with_tags_or_links_in_it_stays_text() -> None:
    for text in (
        "Wave **<script>alert(1)</script>** and `<b onclick=x>`",
        "| <img src=x> |\n| --- |\n| <img src=x> |",
        "[a](javascript:x) ![a](x) <https://elsewhere.example>",
    ):
        html = shown(text=text)
        assert not re.search("<(script|img|b |a )", html), html
