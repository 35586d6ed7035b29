"""Texts that are meant for another reader than a person: SQL, shells, pages, sheets, parsers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.domain.orders import Order
from kraken_import.domain.texts import flaw_of
from kraken_import.reporting.page import csv_text, render
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.wave_request import check_names
from transforms.additions import BadAddition, with_additions
from transforms.project import FILE, BadProject, read_project
from transforms.registry import get_dialect

HARMLESS = {
    "a quote": "O'Brien's night",
    "SQL": "'; DROP TABLE migration.wave; --",
    "a parameter": "%(name)s :name $1",
    "a path": "../../etc/passwd",
    "a template": "{{ conn.kraken.password }} {% raw %}",
    "a shell": "${HOME} $(id) `id`",
    "a page": "<script>alert(1)</script>",
    "a formula": '=HYPERLINK("http://x.example")',
    "letters of others": "Зима 冬 Żółć",
}
"""Texts that are stored as they are: what reads them must not act on them."""
REFUSED = {
    "nothing": "a\x00b",
    "a bell": "a\x07b",
    "lines": "a\nb",
    "a colour": "\x1b[31mred",
    "half a character": "a\ud800b",
    "another direction": "a\u202egnp.exe",
    "an isolate": "a\u2066b",
    "a separator": "a\u2028b",
    "ten megabytes": "a" * 10_000_000,
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_text_that_is_meant_for_another_reader_is_a_name(kind: str) -> None:
    assert flaw_of(text=HARMLESS[kind]) == ""


@pytest.mark.parametrize("kind", REFUSED)
def test_a_text_that_does_not_show_what_it_is_can_be_no_name(kind: str) -> None:
    for given in ({"name": REFUSED[kind]}, {"identifiers": [REFUSED[kind]]}):
        with pytest.raises(BadRequest) as refused:
            check_names(**given)  # type: ignore[arg-type]
        assert len(str(refused.value)) < 150
        assert REFUSED[kind] not in str(refused.value)


@pytest.mark.parametrize("kind", REFUSED)
def test_an_order_is_carried_out_whatever_its_reason_holds(kind: str) -> None:
    order = Order(by=REFUSED[kind], reason=REFUSED[kind], at=datetime.now(UTC))
    assert flaw_of(text=order.by) == ""
    assert order.reason
    assert flaw_of(text=order.reason, most=2_000) == ""
    assert order.reason.startswith(("a", "[31m"))


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_of_a_table_begins_as_a_formula_does(sign: str) -> None:
    for text in (f"{sign}1+1", f"  {sign}cmd|' /C calc'!A0"):
        (cell,) = next(
            csv.reader(io.StringIO(csv_text(header=(), rows=[[text]]).partition("\r\n")[2], newline=""))
        )
        assert cell == f"'{text}"


def test_a_page_shows_markup_as_text() -> None:
    page = render(
        template="preflight",
        title=HARMLESS["a page"],
        lead=HARMLESS["a page"],
        **dict.fromkeys(("customers", "payloads", "rejected", "warned"), 0),
        **dict.fromkeys(("causes", "top", "frames", "frame_warnings"), ()),
        rehearsed=None,
        mapping="",
    )
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


BOMBS = {"lists": "[" * 100_000, "objects": '{"a":' * 100_000}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("name", ["policies", "configured_values", "import_suppliers", "region"])
def test_a_bomb_in_a_connection_is_one_sentence(kind: str, name: str) -> None:
    with pytest.raises(UnableToReadConnection) as refused:
        _read_whole(extra={name: BOMBS[kind]})
    assert len(str(refused.value)) < 300


def _read_whole(*, extra: dict[str, str]) -> None:
    settings = KrakenSettings.from_connection_fields(
        host="https://api.example.com", password="t", extra=extra
    )
    # Read at first use.
    dict(settings.policies)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "{b=" * 100_000])
def test_a_bomb_in_a_file_of_a_project_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BadProject, match="cannot be read"):
        read_project(folder=tmp_path, said_by="a test")
    (tmp_path / "columns.toml").write_text(text)
    with pytest.raises(BadAddition, match="nested too deeply"):
        with_additions(dialect=get_dialect(name="edf_accounts"), file=tmp_path / "columns.toml")
