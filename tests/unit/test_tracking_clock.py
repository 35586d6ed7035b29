"""The tracking database's SQL reads the time in one place, so that a simulation can set it there."""

from __future__ import annotations

import re

from tests.conftest import ROOT

_CLOCKS = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\("
    r"|\bcurrent_(timestamp|date|time)\b|\blocaltime(stamp)?\b",
    re.IGNORECASE,
)


def test_no_statement_reads_the_time_but_the_one_function() -> None:
    files = sorted((ROOT / "sql" / "tracking").rglob("*.sql"))
    assert files
    found = [
        line.strip()
        for file in files
        for line in re.sub(r"--.*|COMMENT ON .*", "", file.read_text(encoding="utf-8")).splitlines()
        if _CLOCKS.search(line)
    ]
    assert found == ["LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;"]
