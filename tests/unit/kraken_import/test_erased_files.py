"""Erasing in files takes what is the customer's, and nothing that only looks like it."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path

import pytest

from kraken_import.usecases.erased_files import erase_in_files
from kraken_import.usecases.faults import BadRequest

TOKEN = "erased-0"
SCRIPT = "<td>4,711.50</td><td>4711.50</td><td>4711-2</td><td>4711</td><p>4711 customers, wave 14711</p>"


def erased(folder: Path, name: str, text: str, *names: str) -> str:
    file = folder / name
    file.write_bytes(text.encode())
    erase_in_files(folder=folder, names=names, token=TOKEN)
    return file.read_bytes().decode()


def test_in_a_list_only_the_rows_of_the_very_identifier_change(tmp_path: Path) -> None:
    text = (
        "wave,external_identifier,cents,legacy,reason\r\n"
        '4711,4711,3,12.00,"Late, he says"\r\n'
        "1,900,4711,4711.50,Partner of 4711.\r\n"
        "1,4711-2,88,4711,4711.50 of 4711 customers\r\n"
        "1,'4711,88,4711,\r\n"
    )
    assert erased(tmp_path, "list.csv", text, "4711").splitlines() == [
        "wave,external_identifier,cents,legacy,reason",
        f"4711,{TOKEN},,12.00,",
        f"1,900,4711,4711.50,Partner of {TOKEN}.",
        "1,4711-2,88,4711,4711.50 of 4711 customers",
        f"1,{TOKEN},,4711,",
    ]


def test_examples_and_kraken_identifiers_go_as_well(tmp_path: Path) -> None:
    text = "customers,examples,kraken_identifier\n4711,4711-2 4711 47110,A-1\n3,A-1,A-12\n"
    assert erased(tmp_path, "causes.csv", text, "4711", "A-1").splitlines()[1:] == [
        f"4711,4711-2 {TOKEN} 47110,",
        f"3,{TOKEN},A-12",
    ]


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("4711", "4711.50; 1,4711; 4711-2; A/4711; x_4711; 14711; 4711 customers"),
        ("GB-1", "GB-10, GB-1-2, GB-1.5, XGB-1 and GB-1_b"),
    ],
)
def test_what_only_holds_an_identifier_stays_in_prose(tmp_path: Path, who: str, text: str) -> None:
    assert erased(tmp_path, "said.txt", f"{text}\n", who) == f"{text}\n"
    said = f"See {who}, ({who}); '{who}'/{who}\n{who}."
    assert erased(tmp_path, "told.txt", said, who) == f"See {TOKEN}, ({TOKEN}); '{TOKEN}'/{TOKEN}\n{TOKEN}."


def test_numbers_of_documents_and_figures_of_pages_stay(tmp_path: Path) -> None:
    text = '{"cents": 4711, "amount": "4711", "n": 4711.50, "who": "4711", "note": "of 4711"}'
    assert json.loads(erased(tmp_path, "a.json", text, "4711")) == {
        "cents": 4711,
        "amount": "4711",
        "n": 4711.50,
        "who": TOKEN,
        "note": f"of {TOKEN}",
    }
    page = f"{SCRIPT}<td><code>4711</code></td><td>12.00</td><td>13.00</td>"
    assert erased(tmp_path, "a.html", page, "4711") == (
        f"{SCRIPT}<td><code>{TOKEN}</code></td><td>erased</td><td>erased</td>"
    )


@pytest.mark.parametrize(
    ("who", "name", "text"),
    [
        ("A&B-1", "a.html", f"<td><code>{html.escape('A&B-1')}</code></td>"),
        ("A'1", "a.html", "<td><code>A&#39;1</code></td>"),
        ("A'1", "b.html", "<td><code>A&#x27;1</code></td>"),
        ("Ü-1", "a.json", json.dumps({"who": "Ü-1"})),
        ("Ü-1", "a.jsonl", json.dumps({"who": "Ü-1"}, ensure_ascii=False) + "\n"),
        ('A"1', "a.json", json.dumps({'A"1': 'A"1'})),
        ('A"1', "a.log", json.dumps({"who": 'A"1'})),
        ("GB-1", "a.md", "Of GB-1."),
        ("GB-1", "A.CSV", "external_identifier\nGB-1\n"),
        ("GB-1", "bom.csv", "\ufeffexternal_identifier\nGB-1\n"),
        ("GB-1", "A.Html", "GB-1"),
    ],
)
def test_it_is_found_however_it_is_written(tmp_path: Path, who: str, name: str, text: str) -> None:
    after = erased(tmp_path, name, text, who)
    assert TOKEN in after
    again = erase_in_files(folder=tmp_path, names=(who,), token=TOKEN)
    assert (again.changed, again.left) == (0, ())


def test_lists_of_another_origin_and_names_of_files_are_told_and_stay(tmp_path: Path) -> None:
    foreign = tmp_path / "bank.csv"
    foreign.write_text("iban;sum\nGB-1;3\n")
    named = tmp_path / "story-GB-1.xlsx"
    named.write_bytes(b"\xff")
    (tmp_path / "story-GB-10.md").write_text("GB-10")
    part = tmp_path / "z.log"
    part.write_text("GET /accounts/GB-1/ledgers")
    done = erase_in_files(folder=tmp_path, names=("GB-1",), token=TOKEN)
    assert (done.changed, done.left) == (0, (foreign, named, part))
    assert foreign.read_text() == "iban;sum\nGB-1;3\n"


def test_a_file_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"GB-1 \xff")
    with pytest.raises(BadRequest, match=r"a\.txt could not be read and written again: make it"):
        erase_in_files(folder=tmp_path, names=("GB-1",), token=TOKEN)


def test_a_list_stays_a_list(tmp_path: Path) -> None:
    rows = [["external_identifier", "explanation"], ["GB-2", 'Said "no", twice'], ["GB-1", "a\nb"]]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    after = erased(tmp_path, "l.csv", text.getvalue(), "GB-1")
    assert list(csv.reader(io.StringIO(after, newline=""))) == [*rows[:2], [TOKEN, "a\nb"]]
