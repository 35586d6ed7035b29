"""What is wrong with a dialect's model, columns, codes and SQL files, told without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from kraken_import.reporting.mapping import unfilled
from kraken_import.usecases.legacy_check.constants import constant_misfits
from kraken_import.usecases.legacy_check.maps import map_misfits, mapped
from kraken_import.usecases.legacy_check.misfits import Misfit, in_order, listed, misfit
from kraken_import.usecases.legacy_check.statements import Files, check_files, column_misfits
from transforms.dialect import Dialect
from transforms.models.places import has_place
from transforms.rules.engine import Circumstances
from transforms.tracing import UnableToTrace, empty_columns, selects_nobody


def check_offline(
    *, dialect: Dialect, values: Mapping[str, Mapping[str, str]], today: date
) -> Sequence[Misfit]:
    """Return what does not fit, errors before warnings and notes."""
    files = check_files(dialect=dialect)
    configured = {**dialect.default_values, **values}
    found = [
        *files.misfits,
        *_of_columns(files=files),
        *constant_misfits(dialect=dialect, files=files, with_begun=True),
        *map_misfits(dialect=dialect, values=configured),
        *_without_map(dialect=dialect, values=configured),
        *_of_rules(dialect=dialect, today=today),
        *_unfilled(dialect=dialect),
    ]
    return in_order(misfits=found)


def _of_columns(*, files: Files) -> Iterator[Misfit]:
    """Yield columns that are not delivered, and statements that select no customer."""
    for name, delivered in files.traced.items():
        statement = files.statements[name]
        yield from column_misfits(statement=statement, delivered=delivered)
    for name in ("candidates", "planned"):
        if name in files.statements and _selects_nobody(files=files, name=name):
            yield misfit(
                code="no_customers",
                file=files.statements[name].file,
                severity="warning",
                says="selects no customer: say there who may migrate",
            )


def _selects_nobody(*, files: Files, name: str) -> bool:
    file = files.statements[name].file
    try:
        return selects_nobody(sql=file) or "external_identifier" in empty_columns(sql=file)
    except UnableToTrace:
        return False


def _without_map(*, dialect: Dialect, values: Mapping[str, Mapping[str, str]]) -> Iterator[Misfit]:
    settings = {
        column.setting
        for frame in dialect.frames
        for column in frame.columns
        if column.kind == "configured" and mapped(column=column, values=values).codes is None
    }
    if settings:
        yield Misfit(
            code="unmapped_code",
            severity="note",
            sentence=f"Settings without values, whose codes are sent as they are: "
            f"{listed(names=sorted(settings), most=len(settings))}; name Kraken's words in codes/ or in the "
            "Connection's Configured values.",
        )


def _of_rules(*, dialect: Dialect, today: date) -> Iterator[Misfit]:
    """Yield rules about places that the model does not have: they would never find anything."""
    for rule in dialect.rules(Circumstances(today=today, region=dialect.market)):
        for path in rule.paths:
            if not has_place(model=dialect.model, place=tuple(filter(None, path.split(".")))):
                yield Misfit(
                    code="no_place",
                    sentence=f"Rule {rule.code} of {dialect.name} looks at {path}, which its model does not "
                    "have: correct the path.",
                )


def _unfilled(*, dialect: Dialect) -> Iterator[Misfit]:
    left = unfilled(dialect=dialect)
    if left:
        yield Misfit(
            code="unfilled",
            severity="note",
            sentence=f"The model of {dialect.name} has {len(left):,} fields that no frame fills, such as "
            f"{listed(names=left, most=3)}: declare those that you need in columns.toml.",
        )
