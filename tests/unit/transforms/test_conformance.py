"""What every dialect must keep to. Dialects are discovered: a new one is tested by being there."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from kraken_import.domain.masking import MASK
from tests.samples import TODAY, as_frames, day_of, expected_payload, identifier_of, sample_rows
from transforms.build import BuildResult, BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import frame_sql
from transforms.lineage import lineage, trace
from transforms.models.places import has_place
from transforms.registry import dialect_names, get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

SQL = Path(__file__).resolve().parents[3] / "sql" / "extract"
DIALECTS = [get_dialect(name=name) for name in dialect_names()]
CODED = ("code", "codes")
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def build_rows(
    dialect: Dialect,
    rows: dict[str, list[dict[str, Any]]],
    *more: str,
    frames: Any = None,
    today: date = TODAY,
) -> BuildResult:
    return build(
        dialect=dialect,
        frames=as_frames(dialect=dialect, rows=rows) if frames is None else frames,
        identifiers=[identifier_of(dialect=dialect), *more],
        settings=BuildSettings(
            import_supplier=expected_payload(dialect=dialect)["import_supplier"], today=today
        ),
    )


def test_there_are_dialects() -> None:
    assert {"edf_accounts", "essential_supply_points_cdns", "national_grid_accounts"} <= {
        dialect.name for dialect in DIALECTS
    }


@each_dialect
def test_the_sample_becomes_the_guides_payload_exactly(dialect: Dialect) -> None:
    result = build_rows(dialect, sample_rows(dialect=dialect), today=day_of(dialect=dialect))
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
        codes = {column.place[0]: {*(column.codes or {}).values()} for column in parent.columns}
        assert all(codes[name].issuperset(values) for name, values in frame.unless.items())
        assert dialect.frames.index(parent) < dialect.frames.index(frame)


@each_dialect
def test_every_column_says_what_it_means_and_codes_are_listed(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            assert column.meaning
            assert (column.kind in CODED) == bool(column.codes), (frame.name, column.name)


@each_dialect
def test_a_customer_that_is_not_there_is_a_rejection(dialect: Dialect) -> None:
    result = build_rows(dialect, sample_rows(dialect=dialect), "NOBODY")
    (rejection,) = result.rejections
    assert rejection.external_identifier == "NOBODY"
    assert [finding.code for finding in rejection.findings] == ["not_in_legacy"]
    assert len(result.payloads) == 1


@each_dialect
def test_asking_for_no_customers_builds_nothing(dialect: Dialect) -> None:
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
def test_a_blank_value_that_is_expected_is_sent_without_it_and_warns(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            rows = sample_rows(dialect=dialect)
            if not column.expected or not rows[frame.name]:
                continue
            # Where blank is sent as blank, it is a value.
            rows[frame.name][0][column.name] = None
            result = build_rows(dialect, rows)
            assert len(result.payloads) == 1, (frame.name, column.name, result.rejections)
            assert ("missing_value", ".".join(column.place)) in {
                (finding.code, finding.generic_path[-len(".".join(column.place)) :])
                for record in result.warnings
                for finding in record.findings
            }, (frame.name, column.name)


@each_dialect
def test_a_parent_without_the_children_that_are_expected_is_sent_and_warns(dialect: Dialect) -> None:
    for frame in dialect.frames:
        if not frame.expected:
            continue
        gone = {frame.name}
        for other in dialect.frames:
            gone |= {other.name} if other.parent in gone else set()
        rows = sample_rows(dialect=dialect) | {name: [] for name in gone}
        result = build_rows(dialect, rows)
        assert len(result.payloads) == 1, (frame.name, result.rejections)
        (warned,) = result.warnings
        told = {(finding.code, finding.path.rpartition(".")[2]) for finding in warned.findings}
        assert ("missing_child", frame.target) in told


@each_dialect
def test_nothing_is_both_required_and_expected(dialect: Dialect) -> None:
    for frame in dialect.frames:
        assert not (frame.required and frame.expected), frame.name
        assert not [column.name for column in frame.columns if column.required and column.expected]


@each_dialect
def test_an_unknown_code_rejects_and_is_named(dialect: Dialect) -> None:
    for frame in dialect.frames:
        for column in frame.columns:
            rows = sample_rows(dialect=dialect)
            if column.kind not in CODED or not rows[frame.name]:
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
        left = [frame for frame in dialect.frames if rows[frame.name]]
        if not left:
            break
        frame = data.draw(st.sampled_from(left))
        number = data.draw(st.integers(0, len(rows[frame.name]) - 1))
        if data.draw(st.booleans()):
            names = [name for name in frame.column_names if name != "external_identifier"]
            rows[frame.name][number][data.draw(st.sampled_from(names))] = data.draw(ODD)
        else:
            del rows[frame.name][number]
    result = build_rows(dialect, rows, "NOBODY")
    found = [item.external_identifier for item in (*result.payloads, *result.rejections)]
    assert sorted(found) == sorted([identifier_of(dialect=dialect), "NOBODY"])
    assert all(rejection.findings for rejection in result.rejections)


def paths(node: Any, above: str = "") -> set[str]:
    """Every generic path of a payload, without what is inside of metadata."""
    found: set[str] = set()
    if isinstance(node, dict):
        for name, value in node.items():
            path = f"{above}.{name}" if above else name
            found.add(path)
            if path != "metadata.value":
                found |= paths(value, path)
    elif isinstance(node, list):
        for value in node:
            found |= paths(value, above)
    return found


@each_dialect
def test_every_field_of_the_payload_has_an_origin(dialect: Dialect) -> None:
    origins = lineage(name=dialect.name)
    objects = {path.rpartition(".")[0] for path in origins}
    while objects - {path.rpartition(".")[0] for path in objects} - {""}:
        more = {path.rpartition(".")[0] for path in objects} - objects
        if not more:
            break
        objects |= more
    assert paths(expected_payload(dialect=dialect)) <= set(origins) | objects


@each_dialect
def test_every_query_delivers_the_documented_columns_and_no_other(dialect: Dialect) -> None:
    for frame in dialect.frames:
        delivered = set(trace(sql=frame_sql(dialect=dialect.name, name=frame.name)))
        assert delivered == set(frame.column_names), f"{frame.name}.sql"


@each_dialect
def test_every_origin_is_a_legacy_column_or_says_that_it_is_none(dialect: Dialect) -> None:
    for path, origin in lineage(name=dialect.name).items():
        assert origin.sources or origin.transform.startswith(("constant", "the wave's")), path
        assert all("." in source.table for source in origin.sources), path


@each_dialect
def test_every_rule_is_about_fields_of_the_model_and_says_why(dialect: Dialect) -> None:
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    assert rules
    for rule in rules:
        assert rule.explanation.endswith("."), rule.code
        assert len(rule.explanation) <= 110, rule.code
        for path in rule.paths:
            # Those that no frame of ours fills, an adopter may.
            place = tuple(filter(None, path.split(".")))
            assert has_place(model=dialect.model, place=place), (rule.code, path)


def fields_of(model: type[BaseModel]) -> set[str]:
    """The generic path of every field of a model."""
    found = set()
    waiting: list[tuple[Any, str]] = [(model, "")]
    while waiting:
        kind, path = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            below = {f"{path}.{name}".lstrip("."): field for name, field in kind.model_fields.items()}
            found |= set(below)
            waiting += [(field.annotation, place) for place, field in below.items()]
        else:
            waiting += [(inner, path) for inner in get_args(kind)]
    return found


@each_dialect
def test_answers_are_about_fields_that_exist_and_their_sentences_can_be_looked_for(dialect: Dialect) -> None:
    assert set(dialect.answers.paths) <= fields_of(dialect.model)
    assert len(dialect.answers.patterns) == len(dialect.answers.sentences)
    # Kraken says the value where a report masks it.
    masked = [sentence for sentence in dialect.answers.sentences if MASK in sentence]
    assert not masked, f"The answers of {dialect.name} have {MASK} in {masked}: begin behind the value."
    assert all(code and code == code.strip() for code in dialect.answers.paths.values())


@each_dialect
def test_a_rule_says_one_thing_about_one_place(dialect: Dialect) -> None:
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    places = [(rule.code, rule.path, rule.paths) for rule in rules]
    assert len(set(places)) == len(places)


@each_dialect
def test_the_guides_own_example_gives_no_error(dialect: Dialect) -> None:
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    found = run_rules(rules=rules, batch=Batch([expected_payload(dialect=dialect)]))
    assert not [finding for finding in found.get(0, ()) if finding.severity == "error"]


def places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a payload, lists and objects included."""
    found = [above] if above else []
    if isinstance(node, dict):
        for name, value in node.items():
            found += places(value, (*above, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*above, index))
    return found


VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["2019-02-28", "9999-12-31", "0001-01-01", "-0.00", "9999999999.99", "2019-08-01T00:00:00Z"]
    ),
    st.integers(-5, 100_000),
    st.booleans(),
    st.just([]),
)


@each_dialect
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_no_payload_that_the_model_lets_pass_makes_a_rule_crash(
    dialect: Dialect, data: st.DataObject
) -> None:
    document = expected_payload(dialect=dialect)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(document)))
        node: Any = document
        for part in way:
            node = node[part]
        action = data.draw(st.sampled_from(["replace", "remove", "repeat"]))
        if action == "replace":
            node[last] = data.draw(VALUES)
        elif action == "remove":
            del node[last]
        elif isinstance(node, list):
            node.append(copy.deepcopy(node[last]))
        if not document:
            return
    try:
        dialect.model.model_validate(document)
    except ValidationError:
        return
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    for findings in run_rules(rules=rules, batch=Batch([document])).values():
        for finding in findings:
            assert finding.generic_path in {path for rule in rules for path in rule.paths}, finding
