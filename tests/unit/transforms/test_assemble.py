"""Frames that break their contract, large families, and paths that lead to the right child."""

from __future__ import annotations

import copy
import json
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from tests.samples import TODAY, as_frames, identifier_of, sample_rows
from transforms.assemble import Conventions, FrameContractBroken, assemble
from transforms.build import BuildResult, BuildSettings, build
from transforms.registry import UnknownDialect, dialect_names, get_dialect

EDF = get_dialect(name="edf_accounts")
ME = identifier_of(dialect=EDF)


def run(frames: dict[str, pd.DataFrame], *identifiers: str) -> Any:
    return assemble(
        dialect=EDF,
        frames=frames,
        identifiers=identifiers or (ME,),
        conventions=Conventions(zone=ZoneInfo("Europe/London")),
    )


def sample() -> dict[str, list[dict[str, Any]]]:
    return sample_rows(dialect=EDF)


def build_all(rows: dict[str, list[dict[str, Any]]], *more: str) -> BuildResult:
    return build(
        dialect=EDF,
        frames=as_frames(dialect=EDF, rows=rows),
        identifiers=[ME, *more],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )


def with_twin(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same rows, and those of a second customer after them."""
    return {
        name: [*own, *(copy.deepcopy(row) | {"external_identifier": "TWIN"} for row in own)]
        for name, own in rows.items()
    }


def nested(*, levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"inside": document}
    return document


def test_a_missing_column_names_the_sql_file() -> None:
    frames = as_frames(dialect=EDF, rows=sample())
    frames["meters"] = frames["meters"].drop(columns="installed_on")
    with pytest.raises(FrameContractBroken, match=r"edf_accounts/meters\.sql .*installed_on"):
        run(frames)


def test_a_column_that_nothing_reads_is_refused_since_it_may_be_a_misspelt_one() -> None:
    frames = as_frames(dialect=EDF, rows=sample())
    frames["meters"]["instaled_on"] = "20190801"
    with pytest.raises(
        FrameContractBroken,
        match=r"instaled_on, which nothing reads: declare it in sql/extract/edf_accounts/columns\.toml",
    ):
        run(frames)


def test_a_column_that_the_sql_misspells_is_told_by_both_of_its_names() -> None:
    frames = as_frames(dialect=EDF, rows=sample())
    frames["meters"] = frames["meters"].rename(columns={"installed_on": "instaled_on"})
    with pytest.raises(FrameContractBroken, match="installed_on: add it, or is instaled_on meant"):
        run(frames)


def test_a_key_that_is_a_list_is_refused_in_a_sentence() -> None:
    rows = sample()
    rows["meters"][0]["external_identifier"] = [ME]
    with pytest.raises(
        FrameContractBroken, match=r"edf_accounts/meters\.sql delivers a list or an object as"
    ):
        run(as_frames(dialect=EDF, rows=rows))


def test_a_customer_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(FrameContractBroken, match="not asked for"):
        run(as_frames(dialect=EDF, rows=sample()), "SOMEBODY-ELSE")


def test_a_float_is_refused_before_it_can_lose_a_cent() -> None:
    frames = as_frames(dialect=EDF, rows=sample())
    frames["ledgers"]["ledger_balance"] = pd.Series([0.1], dtype=object)
    with pytest.raises(FrameContractBroken, match=r"ledgers\.sql, column ledger_balance"):
        run(frames)


@pytest.mark.parametrize("value", [b"Bob", memoryview(b"Bob"), ["Bob"], {"name": "Bob"}])
def test_bytes_lists_and_objects_are_refused_since_pythons_notation_of_them_is_not_a_value(
    value: Any,
) -> None:
    rows = sample()
    rows["customers"][0]["given_name"] = value
    with pytest.raises(FrameContractBroken, match=r"customers\.sql, column given_name") as refusal:
        build_all(rows)
    assert "Bob" not in str(refusal.value)


def test_a_row_without_a_customer_is_refused_by_the_name_of_its_file() -> None:
    rows = sample()
    rows["notes"][0]["external_identifier"] = None
    with pytest.raises(FrameContractBroken, match=r"notes\.sql returns rows without external_identifier"):
        build_all(rows)


def test_a_finding_leads_to_the_very_child() -> None:
    rows = sample()
    rows["reading_history"][1]["reading_date"] = "20190231"
    findings = run(as_frames(dialect=EDF, rows=rows)).findings[ME]
    assert [finding.path for finding in findings] == [
        "supply_addresses.0.meter_points.0.meters.0.reading_history.1.reading_date"
    ]


def test_the_faults_of_one_customer_never_touch_another() -> None:
    rows = with_twin(sample())
    rows["customers"][1]["date_of_birth"] = "19890231"
    result = build_all(rows, "TWIN")
    assert [payload.external_identifier for payload in result.payloads] == [ME]
    assert [rejection.external_identifier for rejection in result.rejections] == ["TWIN"]


def test_a_customer_with_a_hundred_thousand_children_is_built() -> None:
    rows = sample()
    note = rows["notes"][0]
    rows["notes"] = [{**note, "note_key": key} for key in range(100_000)]
    rows["note_documents"] = []
    result = build_all(rows)
    assert result.payloads[0].body.count(b'"created_at"') == 100_000


def test_an_account_of_an_unknown_occupier_has_no_customers() -> None:
    rows = sample()
    rows["accounts"][0]["unknown_occupier"] = "X"
    rows["customers"], rows["priority_services"] = [], []
    payload = json.loads(build_all(rows).payloads[0].body)
    assert payload["unknown_occupier"] is True
    assert "customers" not in payload


def test_an_account_of_a_known_occupier_needs_a_customer() -> None:
    rows = sample()
    rows["customers"], rows["priority_services"] = [], []
    (finding,) = build_all(rows).rejections[0].findings
    assert (finding.code, finding.path) == ("missing_child", "customers")


def test_a_hundred_thousand_children_are_no_trouble() -> None:
    rows = sample()
    note = rows["notes"][0]
    rows["notes"] = [note | {"note_key": number} for number in range(100_000)]
    rows["note_documents"] = []
    (payload,) = build_all(rows).payloads
    assert len(json.loads(payload.body)["notes"]) == 100_000


def test_a_note_may_be_nothing_but_its_document() -> None:
    rows = sample()
    rows["notes"][0]["body"] = " "
    (note,) = json.loads(build_all(rows).payloads[0].body)["notes"]
    assert "body" not in note
    assert note["document_paths"]


@pytest.mark.parametrize("value", [{"half a character": "\ud800"}, nested(levels=400)])
def test_what_cannot_be_written_as_json_rejects_one_customer_and_not_the_batch(value: Any) -> None:
    rows = with_twin(sample())
    rows["metadata"][1]["value"] = value
    result = build_all(rows, "TWIN")
    assert [payload.external_identifier for payload in result.payloads] == [ME]
    (finding,) = result.rejections[0].findings
    assert finding.code == "schema"


def test_a_value_that_is_too_long_is_refused_without_being_repeated() -> None:
    rows = sample()
    rows["customers"][0]["landline"] = "9" * 40
    result = build_all(rows)
    (finding,) = result.rejections[0].findings
    assert (finding.code, finding.path) == ("schema", "customers.0.landline")
    assert "999" not in finding.detail


def test_a_field_of_the_other_fuel_is_refused_at_its_place() -> None:
    rows = sample()
    rows["meter_points"][1]["profile_class"] = 1
    result = build_all(rows)
    (finding,) = result.rejections[0].findings
    assert finding.path == "supply_addresses.0.meter_points.1.profile_class"


def test_an_unknown_dialect_is_one_sentence_with_the_known_ones() -> None:
    with pytest.raises(UnknownDialect, match=", ".join(dialect_names())):
        get_dialect(name="edf")


def test_a_time_that_clocks_show_twice_is_sent_with_a_warning_at_its_place() -> None:
    rows = sample()
    frame = next(name for name in rows if rows[name] and "unpin_at" in rows[name][0])
    rows[frame][0]["unpin_at"] = "2026-10-25T01:30:00"
    built = build_all(rows)
    assert [payload.external_identifier for payload in built.payloads] == [ME]
    assert built.rejections == []
    (warned,) = built.warnings
    (finding,) = [each for each in warned.findings if each.code == "ambiguous_time"]
    assert finding.severity == "warning"
    assert finding.path.endswith("unpin_at")
    assert b"2026-10-25T01:30:00+01:00" in built.payloads[0].body
