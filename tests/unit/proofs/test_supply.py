"""What a person has allowed, what a lock says, and what a licence permits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofs.supply.leaks import KNOWN
from proofs.supply.licences import Declared, is_allowed, objections
from proofs.supply.reading import LOCKS, Allowance, Pin, Reviewed, pins, reviewed
from tests.conftest import ROOT

LIST = Reviewed(
    allowed=frozenset({"MIT", "Apache-2.0", "MPL-2.0"}),
    names={"MIT License": "MIT", "Two of them": "MIT OR GPL-3.0-only"},
    packages={"bound": Allowance(licence="LGPL-3.0-only", why="Imported unchanged.")},
)


@pytest.mark.parametrize(
    ("statement", "is_good"),
    [
        ("MIT", True),
        ("MIT License", True),
        ("Two of them", True),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-2.0-only)", True),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("GPL-3.0-only WITH GCC-exception-3.1 OR MIT", True),
        ("GNU Lesser General Public License v3", False),
        ("mit", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT AND", False),
        ("MIT MIT", False),
        ("", False),
    ],
)
def test_an_expression_is_allowed_when_a_choice_of_it_is_on_the_list(statement: str, is_good: bool) -> None:
    assert is_allowed(statement=statement, reviewed=LIST) is is_good


@pytest.mark.parametrize(
    ("name", "version", "statements", "told"),
    [
        ("free", "1.0", ("MIT License",), None),
        # A package that calls itself MIT in one place and GPL in another.
        ("two", "1.0", ("MIT License", "GNU General Public License (GPL)"), "which is not on the list"),
        ("silent", "1.0", (), "silent 1.0 names no licence: take another library"),
        ("bound", "1.0", ("LGPL-3.0-only",), None),
        ("bound", "1.0", ("GPL-3.0-only",), "bound 1.0 is under GPL-3.0-only, which is not on the list"),
        ("other", "1.0", ("LGPL-3.0-only",), "other 1.0 is under LGPL-3.0-only"),
        ("older", "0.9", ("MIT",), "older 1.0 is locked and installed as 0.9: run `make install`"),
    ],
)
def test_a_package_without_a_licence_of_the_list_is_named_in_one_sentence(
    name: str, version: str, statements: tuple[str, ...], told: str | None
) -> None:
    found = objections(
        wanted=[Pin(name=name, version="1.0", marker=None)],
        declared={name: Declared(version=version, statements=statements)},
        reviewed=LIST,
    )
    assert len(found) == (told is not None)
    assert told is None or told in found[0]


def test_a_package_that_is_not_there_is_not_passed_over() -> None:
    (told,) = objections(wanted=[Pin(name="gone", version="2", marker=None)], declared={}, reviewed=LIST)
    assert told.startswith("gone 2 is locked and not installed: ")


def test_a_lock_is_read_with_its_markers(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# by hand\nJinja_2==3.1.6 \\\n    --hash=sha256:00\n    # via a\n"
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:11\nlast==1"
    )
    found = pins(lock=lock)
    assert [(each.name, each.version) for each in found] == [
        ("jinja-2", "3.1.6"),
        ("colorama", "0.4.6"),
        ("last", "1"),
    ]
    assert [each.is_for_this_python for each in found] == [True, False, True]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_file_by_which_something_is_fetched_pins_each_of_it_by_hash(lock: Path) -> None:
    found = pins(lock=lock)
    text = lock.read_text()
    assert found
    markers = ("python_full_version ==", "_platform ==", "os_name ==")
    assert len(found) == text.count("==") - sum(text.count(marker) for marker in markers)
    assert text.count("--hash=sha256:") >= len(found)


def test_no_other_file_says_what_to_fetch() -> None:
    folders = (
        ROOT / name for name in ("benchmarks", "bin", "docker", "deploy", "plugins", "proofs", "transforms")
    )
    files = [*ROOT.glob("*.txt"), *(file for folder in folders for file in folder.rglob("*.txt"))]
    assert {file for file in files if "--hash=" in file.read_text(encoding="utf-8")} == set(LOCKS)


def test_each_exception_says_why_and_is_for_a_package_of_production() -> None:
    allowed = reviewed()
    names = {pin.name for pin in pins(lock=ROOT / "requirements-production.txt")}
    assert allowed.packages.keys() <= names
    assert all(each.why.strip() for each in allowed.packages.values())
    assert all(why.strip() for why in allowed.vulnerabilities.values())
    assert not {name for name in allowed.allowed if "GPL" in name}


def test_each_known_finding_was_looked_at() -> None:
    results = json.loads(KNOWN.read_text())["results"]
    found = [each for lines in results.values() for each in lines]
    assert found
    assert all(each["is_secret"] is False for each in found)
