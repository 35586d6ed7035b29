"""The how-to about a client's legacy database has every code of `legacy-check`."""

from __future__ import annotations

import re

from tests.conftest import ROOT

CODE = re.compile(r'(?:code=|code, says = |found\[|^ +\()"([a-z_0-9]+)"', re.MULTILINE)


def test_the_page_names_every_code_of_the_check() -> None:
    folder = ROOT / "plugins" / "kraken_import" / "usecases" / "legacy_check"
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]
    codes = {code for text in texts for code in CODE.findall(text)}
    assert {"right", "no_table", "orphan", "unreadable", "no_amount"} <= codes
    page = (ROOT / "docs" / "how-to" / "use-your-own-legacy-database.md").read_text(encoding="utf-8")
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
