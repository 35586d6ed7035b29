"""What every dialect must keep to. Dialects are discovered: a new one is tested by being there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.samples import TODAY, as_frames, expected_payload, identifier_of, sample_rows
from transforms.build import BuildResult, BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import frame_sql
from transforms.registry import dialect_names, get_dialect

SQL = Path(__file__).resolve().parents[3] / "sql" / "extract"
DIALECTS = [get_dialect(name=name) for name in dialect_names()]
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def build_rows(
    dialect: Dialect, rows: dict[str, list[dict[str, Any]]], *more: str, frames: Any = None
) -> BuildResult:
    return build(
        dialect=dialect,
        frames=as_frames(dialect=dialect, rows=rows) if frames is None else frames,
        identifiers=[identifier_of(dialect=dialect), *more],
        settings=BuildSettings(
            import_supplier=expected_payload(dialect=dialect)["import_supplier"], today=TODAY
        ),
    )


def test_there_are_dialects() -> None:
    assert {"edf_accounts", "essential_supply_points_cdns", "national_grid_accounts"} <= {
        dialect.name for dialect in DIALECTS
    }


@each_dialect
def test_the_sample_becomes_the_guides_payload_exactly(dialect: Dialect) -> None:
    result = build_rows(dialect, sample_rows(dialect=dialect))
    assert not result.rejections
    (payload,) = result.payloads
    assert json.loads(payload.body) == expected_payload(dialect=dialect)


@each_dialect
def test_the_payload_survives_a_round_trip_through_the_model(dialect: Dialect) -> None:
    (payload,) = build_rows(dialect, sample_rows(dialect=dialect)).payloads
    again = dialect.model.model_validate_json(payload.body)
    assert json.loads(again.model_dump_json(exclude_unset=True)) == json.loads(payload.body)


@each_dialect
def test_the_payload_is_compact_json_in_utf_8(dialect: Dialect) -> None:
    (payload,) = build_rows(dialect, sample_rows(dialect=dialect)).payloads
    compact = json.dumps(json.loads(payload.body), ensure_ascii=False, separators=(",", ":"))
    assert payload.body.decode() == compact


@each_dialect
def test_every_frame_has_its_sql_and_there_is_no_other(dialect: Dialect) -> None:
    needed = {frame.name for frame in dialect.frames} | {"candidates", "existing"}
    for name in needed:
        assert frame_sql(dialect=dialect.name, name=name).is_file()
    assert {file.stem for file in (SQL / dialect.name).glob("*.sql")} <= needed


@each_dialect
def test_the_key_of_every_frame_begins_with_its_parents(dialect: Dialect) -> None:
    known = {frame.name: frame for frame in dialect.frames}
    assert dialect.root.key == ("external_identifier",)
    assert not dialect.root.parent
    for frame in dialect.frames[1:]:
        parent = known[frame.parent]
        assert frame.key[: len(parent.key)] == parent.key
        assert len(frame.key) == len(parent.key) + 1
        assert frame.target
        assert not frame.unless or frame.unless in {
            column.place[0] for column in parent.columns if True in (column.codes or {}).values()
        }
        assert dialect.frames.index(parent) < dialect.frames.index(frame)


@each_dialect
def test_every_column_says_what_it_means_and_codes_are_listed(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            assert column.meaning
            assert (column.kind == "code") == bool(column.codes), (frame.name, column.name)


@each_dialect
def test_a_customer_that_is_not_there_is_a_rejection(dialect: Dialect) -> None:
    result = build_rows(dialect, sample_rows(dialect=dialect), "NOBODY")
    (rejection,) = result.rejections
    assert rejection.external_identifier == "NOBODY"
    assert [finding.code for finding in rejection.findings] == ["not_in_legacy"]
    assert len(result.payloads) == 1


@each_dialect
def test_nobody_asked_for_is_nothing_built(dialect: Dialect) -> None:
    empty = as_frames(dialect=dialect, rows={frame.name: [] for frame in dialect.frames})
    result = build(
        dialect=dialect,
        frames=empty,
        identifiers=[],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    assert (result.payloads, result.rejections) == ([], [])


@each_dialect
def test_a_missing_required_value_rejects_and_names_the_field(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            rows = sample_rows(dialect=dialect)
            if not column.required or not rows[frame.name]:
                continue
            rows[frame.name][0][column.name] = None
            (rejection,) = build_rows(dialect, rows).rejections
            first = rejection.findings[0]
            assert first.code == "missing_value", (frame.name, column.name)
            assert first.generic_path.endswith(".".join(column.place))


@each_dialect
def test_an_unknown_code_rejects_and_is_named(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            rows = sample_rows(dialect=dialect)
            if column.kind != "code" or not rows[frame.name]:
                continue
            rows[frame.name][0][column.name] = "?!"
            (rejection,) = build_rows(dialect, rows).rejections
            assert rejection.findings[0].code == "unknown_code"
            assert "?!" in rejection.findings[0].detail


@each_dialect
def test_a_child_without_its_parent_rejects_its_customer(dialect: Dialect) -> None:
    for frame in dialect.frames[1:]:
        rows = sample_rows(dialect=dialect)
        if len(frame.key) < 3 or not rows[frame.name]:
            continue
        rows[frame.name][0][frame.key[-2]] = "elsewhere"
        (rejection,) = build_rows(dialect, rows).rejections
        assert "orphaned_child" in {finding.code for finding in rejection.findings}, frame.name


@each_dialect
def test_a_key_that_is_empty_or_there_twice_rejects_its_customer(dialect: Dialect) -> None:
    for frame in dialect.frames[1:]:
        rows = sample_rows(dialect=dialect)
        if not rows[frame.name]:
            continue
        rows[frame.name].append(copy.deepcopy(rows[frame.name][0]))
        (rejection,) = build_rows(dialect, rows).rejections
        assert "duplicate_key" in {finding.code for finding in rejection.findings}
        rows[frame.name][-1][frame.key[-1]] = None
        (rejection,) = build_rows(dialect, rows).rejections
        assert "missing_value" in {finding.code for finding in rejection.findings}


ODD = (
    st.none()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "",
            " ",
            "00000000",
            "99991231",
            "20190231",
            "1,234.50",
            "-0.00",
            "1e5",
            "NaN",
            "٣",
            "\x00",
            "0393",
            "é",
            "Ω" * 600,
        ]
    )
)


@each_dialect
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_whatever_the_damage_each_customer_is_a_payload_or_a_rejection(
    dialect: Dialect, data: st.DataObject
) -> None:
    rows = sample_rows(dialect=dialect)
    for _ in range(data.draw(st.integers(1, 4))):
        frame = data.draw(st.sampled_from([frame for frame in dialect.frames if rows[frame.name]]))
        number = data.draw(st.integers(0, max(len(rows[frame.name]) - 1, 0)))
        if not rows[frame.name]:
            continue
        if data.draw(st.booleans()):
            names = [name for name in frame.column_names if name != "external_identifier"]
            rows[frame.name][number][data.draw(st.sampled_from(names))] = data.draw(ODD)
        else:
            del rows[frame.name][number]
    result = build_rows(dialect, rows, "NOBODY")
    found = [item.external_identifier for item in (*result.payloads, *result.rejections)]
    assert sorted(found) == sorted([identifier_of(dialect=dialect), "NOBODY"])
    assert all(rejection.findings for rejection in result.rejections)
