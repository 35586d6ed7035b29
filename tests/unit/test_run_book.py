"""The run book against the code: what an operator looks up there is what the pipeline says."""

from __future__ import annotations

import re
from typing import get_args

from kraken_import.domain.stops import StopCode
from kraken_import.usecases.announce import OtherMoment
from kraken_import.usecases.remedies import REMEDIES
from kraken_import.usecases.verdicts import FORBIDS_ALL
from tests.conftest import ROOT

RUN_BOOK = (ROOT / "docs" / "run-book.md").read_text(encoding="utf-8")


def _first_column(*, heading: str) -> list[str]:
    """The codes in the first column of the table below a heading."""
    section = RUN_BOOK.split(f"\n## {heading}\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    return [
        code
        for row in section.splitlines()
        if row.startswith("| `") and not row.startswith("| `moment`")
        for code in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]


def test_every_stop_code_stands_in_the_run_book_once_and_no_other() -> None:
    told = _first_column(heading="When a wave stops by itself")
    assert sorted(told) == sorted(code.value for code in StopCode)


def test_the_console_says_after_a_stop_what_the_run_book_says() -> None:
    section = RUN_BOOK.split("\n## When a wave stops by itself\n")[1].split("\n## ")[0]
    told = {}
    for row in section.splitlines():
        if row.startswith("| `"):
            codes, happened, to_do, then = (_plain(cell) for cell in row.strip("|").split(" | "))
            for code in codes.split(", "):
                told[StopCode(code)] = (happened, to_do, then)
    assert {code: each[:2] for code, each in told.items()} == {
        code: (remedy.happened, remedy.to_do) for code, remedy in REMEDIES.items()
    }
    for code, (_, _, then) in told.items():
        wanted = {"clear": "clear the run", "cancel": "–", "nothing": "–"}[REMEDIES[code].then]
        assert wanted in then, code


def _plain(cell: str) -> str:
    """A cell without emphasis, and without links in brackets, which lead to other pages."""
    return re.sub(r"[`*]", "", re.sub(r" \(\[[^]]*\]\([^)]*\)\)", "", cell)).strip()


def test_every_answer_that_forbids_all_has_a_stop_code() -> None:
    assert {signal.value for signal in FORBIDS_ALL} <= {code.value for code in StopCode}


def test_every_message_that_no_run_shows_stands_in_the_run_book() -> None:
    assert sorted(_first_column(heading="When a message comes")) == sorted(get_args(OtherMoment))
