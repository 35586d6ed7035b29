"""What every dialect must keep to when rows become payloads: the right ones, and damaged ones."""

from __future__ import annotations

import copy
import json
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_import.conformance.samples import TODAY, Sample, as_frames, built
from transforms.build import BuildSettings, build
from transforms.dialect import Dialect

CODED: Final = ("code", "codes")


def test_a_sample_becomes_its_payload_exactly(sample: Sample) -> None:
    result = built(sample, sample.rows)
    told = [
        f"{finding.code} at {finding.path or 'the whole record'}: {finding.detail}"
        for rejection in result.rejections
        for finding in rejection.findings
    ]
    assert not told, f"The customer of sample {sample.name} is rejected, {'; '.join(told)}"
    (payload,) = result.payloads
    assert json.loads(payload.body) == sample.payload


def test_the_payload_survives_a_round_trip_through_the_model(sample: Sample) -> None:
    (payload,) = built(sample, sample.rows).payloads
    again = sample.dialect.model.model_validate_json(payload.body)
    assert json.loads(again.model_dump_json(exclude_unset=True)) == json.loads(payload.body)


def test_the_payload_is_compact_json_in_utf_8(sample: Sample) -> None:
    (payload,) = built(sample, sample.rows).payloads
    compact = json.dumps(json.loads(payload.body), ensure_ascii=False, separators=(",", ":"))
    assert payload.body.decode() == compact


def test_the_key_of_every_frame_begins_with_its_parents(dialect: Dialect) -> None:
    known = {frame.name: frame for frame in dialect.frames}
    assert dialect.root.key == ("external_identifier",)
    assert not dialect.root.parent
    for frame in dialect.frames[1:]:
        parent = known[frame.parent]
        assert frame.key[: len(parent.key)] == parent.key
        assert len(frame.key) == len(parent.key) + 1
        assert frame.target
        codes = {column.place[0]: {*(column.codes or {}).values()} for column in parent.columns}
        assert all(codes[name].issuperset(values) for name, values in frame.unless.items())
        assert dialect.frames.index(parent) < dialect.frames.index(frame)


def test_every_column_says_what_it_means_and_codes_are_listed(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            assert column.meaning
            assert (column.kind in CODED) == bool(column.codes), (frame.name, column.name)


def test_a_customer_that_is_not_there_is_a_rejection(guides: Sample) -> None:
    result = built(guides, guides.rows, "NOBODY")
    (rejection,) = result.rejections
    assert rejection.external_identifier == "NOBODY"
    assert [finding.code for finding in rejection.findings] == ["not_in_legacy"]
    assert len(result.payloads) == 1


def test_asking_for_no_customers_builds_nothing(dialect: Dialect) -> None:
    empty = as_frames(dialect=dialect, rows={frame.name: [] for frame in dialect.frames})
    result = build(
        dialect=dialect,
        frames=empty,
        identifiers=[],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    assert (result.payloads, result.rejections) == ([], [])


def test_a_missing_required_value_rejects_and_names_the_field(guides: Sample) -> None:
    for frame in guides.dialect.frames:
        for column in frame.columns:
            rows = guides.rows
            if not column.required or not rows[frame.name]:
                continue
            rows[frame.name][0][column.name] = None
            (rejection,) = built(guides, rows).rejections
            first = rejection.findings[0]
            assert first.code == "missing_value", (frame.name, column.name)
            assert first.generic_path.endswith(".".join(column.place))


def test_a_blank_value_that_is_expected_is_sent_without_it_and_warns(guides: Sample) -> None:
    for frame in guides.dialect.frames:
        for column in frame.columns:
            rows = guides.rows
            if not column.expected or not rows[frame.name]:
                continue
            # Where blank is sent as blank, it is a value.
            rows[frame.name][0][column.name] = None
            result = built(guides, rows)
            assert len(result.payloads) == 1, (frame.name, column.name, result.rejections)
            assert ("missing_value", ".".join(column.place)) in {
                (finding.code, finding.generic_path[-len(".".join(column.place)) :])
                for record in result.warnings
                for finding in record.findings
            }, (frame.name, column.name)


def test_a_parent_without_the_children_that_are_expected_is_sent_and_warns(guides: Sample) -> None:
    for frame in guides.dialect.frames:
        if not frame.expected:
            continue
        gone = {frame.name}
        for other in guides.dialect.frames:
            gone |= {other.name} if other.parent in gone else set()
        rows = guides.rows | {name: [] for name in gone}
        result = built(guides, rows)
        assert len(result.payloads) == 1, (frame.name, result.rejections)
        (warned,) = result.warnings
        told = {(finding.code, finding.path.rpartition(".")[2]) for finding in warned.findings}
        assert ("missing_child", frame.target) in told


def test_nothing_is_both_required_and_expected(dialect: Dialect) -> None:
    for frame in dialect.frames:
        assert not (frame.required and frame.expected), frame.name
        assert not [column.name for column in frame.columns if column.required and column.expected]


def test_an_unknown_code_rejects_and_is_named(guides: Sample) -> None:
    for frame in guides.dialect.frames:
        for column in frame.columns:
            rows = guides.rows
            if column.kind not in CODED or not rows[frame.name]:
                continue
            rows[frame.name][0][column.name] = "?!"
            (rejection,) = built(guides, rows).rejections
            assert rejection.findings[0].code == "unknown_code"
            assert "?!" in rejection.findings[0].detail


def test_a_child_without_its_parent_rejects_its_customer(guides: Sample) -> None:
    for frame in guides.dialect.frames[1:]:
        rows = guides.rows
        if len(frame.key) < 3 or not rows[frame.name]:
            continue
        rows[frame.name][0][frame.key[-2]] = "elsewhere"
        (rejection,) = built(guides, rows).rejections
        assert "orphaned_child" in {finding.code for finding in rejection.findings}, frame.name


def test_a_key_that_is_empty_or_there_twice_rejects_its_customer(guides: Sample) -> None:
    for frame in guides.dialect.frames[1:]:
        rows = guides.rows
        if not rows[frame.name]:
            continue
        rows[frame.name].append(copy.deepcopy(rows[frame.name][0]))
        (rejection,) = built(guides, rows).rejections
        assert "duplicate_key" in {finding.code for finding in rejection.findings}
        rows[frame.name][-1][frame.key[-1]] = None
        (rejection,) = built(guides, rows).rejections
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


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_whatever_the_damage_each_customer_is_a_payload_or_a_rejection(
    guides: Sample, data: st.DataObject
) -> None:
    rows = guides.rows
    for _ in range(data.draw(st.integers(1, 4))):
        left = [frame for frame in guides.dialect.frames if rows[frame.name]]
        if not left:
            break
        frame = data.draw(st.sampled_from(left))
        number = data.draw(st.integers(0, len(rows[frame.name]) - 1))
        if data.draw(st.booleans()):
            names = [name for name in frame.column_names if name != "external_identifier"]
            rows[frame.name][number][data.draw(st.sampled_from(names))] = data.draw(ODD)
        else:
            del rows[frame.name][number]
    result = built(guides, rows, "NOBODY")
    found = [item.external_identifier for item in result.payloads]
    found += [item.external_identifier for item in result.rejections]
    assert sorted(found) == sorted([guides.identifier, "NOBODY"])
    assert all(rejection.findings for rejection in result.rejections)
