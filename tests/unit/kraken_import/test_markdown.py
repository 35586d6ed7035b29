"""The question of a gate on a page: what Markdown means there, and that no tag of a text becomes one."""

from __future__ import annotations

from kraken_import.console.markdown import shown


def test_tables_bold_words_and_code_are_shown_as_such() -> None:
    text = "**12 customers** of `edf_accounts`.\n\n| records | code |\n| ---: | --- |\n| 3 | `bad` |"
    assert shown(text=text) == (
        "<p><b>12 customers</b> of <code>edf_accounts</code>.</p>\n"
        '<div class="scroll"><table><thead><tr><th class="figure">records</th><th class="">code</th></tr>'
        '</thead><tbody><tr><td class="figure">3</td><td class=""><code>bad</code></td></tr></tbody></table></div>'
    )


def test_a_name_with_tags_in_it_stays_text() -> None:
    assert "<script>" not in shown(text="Wave **<script>alert(1)</script>** and `<b onclick=x>`")
    assert "<img" not in shown(text="| <img src=x> |\n| --- |\n| <img src=x> |")


def test_a_table_without_rows_or_with_ragged_ones_is_still_shown() -> None:
    assert "<tbody></tbody>" in shown(text="| a | b |\n| --- | --- |")
    assert "<td" in shown(text="| a | b |\n| --- |\n| 1 | 2 | 3 |")
    assert shown(text="") == "<p></p>"
