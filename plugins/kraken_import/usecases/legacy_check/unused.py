"""Codes of a project's maps that no customer has: misspelt, or of a system that is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kraken_import.usecases.legacy_check.misfits import Misfit, listed
from transforms.code_files import maps
from transforms.database import shown
from transforms.dialect import ANY_CODE, Column, Dialect, Frame
from transforms.registry import codes_file
from transforms.triage import MOST_CODES


@dataclass(slots=True, kw_only=True)
class CodesSeen:
    """The codes that the rows so far have, by the file of the map that says what becomes of them."""

    dialect: Dialect
    by_file: dict[Path, set[str]] = field(default_factory=dict)

    def add(self, *, frame: Frame, column: Column, values: Iterable[Any]) -> None:
        """Take the values of a column, as the database delivers them."""
        for name in (f"{frame.name}.{column.name}", column.setting):
            file = codes_file(dialect=self.dialect.name, name=name) if name else None
            if file is None:
                continue
            texts = {str(value) for value in values if value is not None}
            parts = {part for text in texts for part in text.split(",")} if column.kind == "codes" else texts
            self.by_file.setdefault(file, set()).update(part.strip() for part in parts)

    def misfits(self) -> Iterator[Misfit]:
        """Yield a note for each map with codes that were not seen."""
        known = maps(dialect=self.dialect)
        for file, seen in self.by_file.items():
            unused = [code for code in known[file.stem] if code not in seen and code not in ("", ANY_CODE)]
            if unused:
                yield Misfit(
                    code="unused_code",
                    file=shown(file),
                    severity="note",
                    sentence=f"{shown(file)} has codes that no customer looked at has: "
                    f"{listed(names=unused, most=MOST_CODES)}. Check them, or look at more customers.",
                )
