"""What every dialect must keep to with its SQL: what is needed is filled, and customers are selected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from kraken_import.conformance.needed import asked_columns, is_as_begun, paths, shown_columns
from kraken_import.conformance.samples import Sample, command
from transforms.database import shown
from transforms.dialect import Dialect
from transforms.extract import frame_sql
from transforms.lineage import lineage
from transforms.registry import sql_folders, sql_path
from transforms.tracing import empty_columns, selects_nobody, trace


def test_every_frame_has_its_sql_and_there_is_no_other(dialect: Dialect) -> None:
    needed = {frame.name for frame in dialect.frames} | {"candidates", "existing"}
    for name in needed:
        assert frame_sql(dialect=dialect.name, name=name).is_file()
    folders = sql_folders(part="extract", dialect=dialect.name)
    own = [file for folder in folders if folder.name == dialect.name for file in folder.glob("*.sql")]
    assert {file.stem for file in own} <= needed


def test_every_query_delivers_the_documented_columns_and_no_other(dialect: Dialect) -> None:
    for frame in dialect.frames:
        delivered = set(trace(sql=frame_sql(dialect=dialect.name, name=frame.name)))
        assert delivered == set(frame.column_names), f"{frame.name}.sql"


def test_every_origin_is_a_legacy_column_or_says_that_it_is_none(dialect: Dialect) -> None:
    for path, origin in lineage(name=dialect.name).items():
        assert origin.sources or origin.transform.startswith(("constant", "the wave's")), (
            f"The SQL of {dialect.name} fills {path} from no legacy column that can be traced: deliver one."
        )
        bare = [source.table for source in origin.sources if "." not in source.table]
        assert not bare, (
            f"The SQL of {dialect.name} fills {path} from {bare[0]} without its schema: write it before the "
            "table, so that findings name the column in full."
        )


def test_every_field_of_the_payload_has_an_origin(guides: Sample) -> None:
    origins = lineage(name=guides.dialect.name)
    objects = {path.rpartition(".")[0] for path in origins}
    while objects - {path.rpartition(".")[0] for path in objects} - {""}:
        more = {path.rpartition(".")[0] for path in objects} - objects
        if not more:
            break
        objects |= more
    assert paths(guides.payload) <= set(origins) | objects


def test_no_query_delivers_null_for_what_is_needed(guides: Sample) -> None:
    """Needed are keys, what a frame requires or expects, and what the guide's own payload has."""
    sent = paths(guides.payload)
    missing = []
    for frame in guides.dialect.frames:
        empty = empty_columns(sql=frame_sql(dialect=guides.dialect.name, name=frame.name))
        shown = shown_columns(dialect=guides.dialect, frame=frame, sent=sent)
        # A list that there is nothing for keeps its statement as it was begun.
        is_left_out = is_as_begun(frame=frame, empty=empty) and bool(frame.parent) and not shown
        is_needed = frame.required or frame.expected
        asked = [] if is_left_out and not is_needed else asked_columns(frame=frame)
        needed = dict.fromkeys((*asked, *shown))
        missing += [f"{name} of {frame.name}.sql" for name in needed if name in empty]
    name = guides.dialect.name
    instead = (
        f", or show by {command(dialect=name)} what customers of yours have" if guides.is_inherited else ""
    )
    assert not missing, (
        f"In sql/extract/{name} only NULL stands for {', '.join(missing)}: fill in your columns{instead}."
    )


def test_there_are_customers_to_migrate_and_to_plan(dialect: Dialect) -> None:
    files = [
        frame_sql(dialect=dialect.name, name="candidates"),
        sql_path(part="plan", dialect=dialect.name, name="candidates"),
    ]
    silent = [shown(file) for file in files if not file.is_file() or selects_nobody(sql=file)]
    assert not silent, f"No customer is selected by {' and '.join(silent)}: say there who may migrate."


def required_paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The generic paths without which a payload is refused."""
    for name, field in model.model_fields.items():
        if not field.is_required():
            continue
        path = f"{above}.{name}" if above else name
        yield path
        for inner in get_args(field.annotation) or (field.annotation,):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from required_paths(inner, path)


def with_objects(known: set[str]) -> set[str]:
    """Paths, and those of the objects around them."""
    return known | {
        ".".join(path.split(".")[:depth]) for path in known for depth in range(1, path.count(".") + 1)
    }


def test_every_required_field_of_the_model_is_filled_by_a_frame(dialect: Dialect) -> None:
    filled = with_objects(set(lineage(name=dialect.name)))
    unfilled = [path for path in required_paths(dialect.model) if path not in filled]
    assert not unfilled, f"The model of {dialect.name} requires {', '.join(unfilled)}: no frame fills it."
