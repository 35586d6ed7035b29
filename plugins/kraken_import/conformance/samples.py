"""The samples of dialects: raw frames as the legacy database delivers them, and the payload they must become.

A sample is a folder with `payload.json` and `frames/<frame>.json`: `samples/<dialect>/` of the project, and
any folder in it. Like SQL it is looked for file by file, in the project and in the package, for the dialect
and then for those that it extends. Only made-up customers belong there.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd

from transforms.build import BuildResult, BuildSettings, build
from transforms.compare import differences
from transforms.dialect import Dialect, Frame
from transforms.project import project
from transforms.registry import ancestry
from transforms.sql_files import CHECKOUT, FOLDER

Rows: TypeAlias = dict[str, list[dict[str, Any]]]

TODAY: Final = date(2026, 11, 21)
"""The day on which samples are built that name no other."""

FOLDER_NAME: Final = "samples"
_PAYLOAD: Final = "payload.json"
_ABOUT: Final = "sample.toml"
_OURS: Final = FOLDER.parent / FOLDER_NAME if CHECKOUT is None else CHECKOUT / "tests" / FOLDER_NAME
"""The guides' customers, which come with this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A customer of a dialect. `folders` are looked through in this order, file by file."""

    dialect: Dialect
    name: str
    folders: tuple[Path, ...]
    is_guides: bool = True
    """Whether it shows every list of the payload; in another one, a list without a file has no rows."""

    @property
    def payload(self) -> dict[str, Any]:
        """The payload that must come of it. Raises `AssertionError` for one that is missing or empty."""
        loaded: dict[str, Any] = self._loaded(name=_PAYLOAD, advice="put the guide's example there")
        assert loaded, f"{self._shown(_PAYLOAD)} is empty: put the guide's example there."
        return loaded

    @property
    def identifier(self) -> str:
        """The external identifier of the customer."""
        node: Any = self.payload
        for part in self.dialect.identifier_path:
            assert part in node, f"{self._shown(_PAYLOAD)} has no {'.'.join(self.dialect.identifier_path)}."
            node = node[part]
        return str(node)

    @property
    def today(self) -> date:
        """The day on which it is built: that of `sample.toml`, where its payload speaks of days to come."""
        file = self._file(name=_ABOUT)
        said = {} if file is None else tomllib.loads(_text(file))
        found = said.get("today", TODAY)
        assert isinstance(found, date), f"{self._shown(_ABOUT)} must say a day, like today = 2026-11-21."
        return found

    @property
    def rows(self) -> Rows:
        """The raw rows of every frame."""
        found = {frame.name: self._rows(frame=frame) for frame in self.dialect.frames}
        root = self.dialect.root.name
        assert found[root], f"{self._shown(f'frames/{root}.json')} has no row: put the SQL's there."
        return found

    @property
    def has_payload(self) -> bool:
        """Whether its payload is there, and no longer the empty one that a new dialect begins with."""
        file = self._file(name=_PAYLOAD)
        return file is not None and bool(json.loads(_text(file)))

    @property
    def is_inherited(self) -> bool:
        """Whether its payload is not this dialect's own, but another's or that of the package."""
        return self._file(name=_PAYLOAD) is not None and not self._is_own(name=_PAYLOAD)

    @property
    def own_rows(self) -> tuple[str, ...]:
        """The frames whose rows are this dialect's own."""
        names = (frame.name for frame in self.dialect.frames)
        return tuple(name for name in names if self._is_own(name=f"frames/{name}.json"))

    def _is_own(self, *, name: str) -> bool:
        file = self._file(name=name)
        return file is not None and file.is_relative_to(_roots()[0] / self.dialect.name)

    def _rows(self, *, frame: Frame) -> list[dict[str, Any]]:
        name = f"frames/{frame.name}.json"
        file = self._file(name=name)
        if file is None and not self.is_guides:
            return []
        rows: list[dict[str, Any]] = self._loaded(name=name, advice="put the SQL's rows there")
        is_own = self._is_own(name=name)
        for row in rows:
            missing = [column for column in frame.column_names if column not in row]
            # A column that this dialect has added is not in the rows of the one that it extends.
            assert not is_own or not missing, (
                f"{self._shown(name)} has no {', '.join(missing)}: put the SQL's rows there."
            )
            row.update(dict.fromkeys(missing))
        return rows

    def _loaded(self, *, name: str, advice: str) -> Any:
        file = self._file(name=name)
        assert file is not None, f"{self._shown(name)} is missing: {advice}."
        return json.loads(_text(file))

    def _file(self, *, name: str) -> Path | None:
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)

    def _shown(self, name: str) -> str:
        file = self._file(name=name) or self.folders[0] / name
        over = CHECKOUT if CHECKOUT is not None and file.is_relative_to(CHECKOUT) else _root(file).parent
        return str(file.relative_to(over))


def samples_of(*, dialect: Dialect) -> tuple[Sample, ...]:
    """Return the samples of a dialect, the guide's first. It may not have its files yet."""
    homes = [root / name for name in ancestry(name=dialect.name) for root in _roots()]
    own = [home for home in homes if home.name == dialect.name]
    more = sorted({file.parent.name for home in own for file in home.glob(f"*/{_PAYLOAD}")})
    return (
        Sample(dialect=dialect, name=dialect.name, folders=tuple(homes)),
        # All their files are their own: the rows of the guide's customer are another's.
        *(
            Sample(
                dialect=dialect,
                name=f"{dialect.name}-{name}",
                folders=tuple(home / name for home in own),
                is_guides=False,
            )
            for name in more
        ),
    )


def built(sample: Sample, rows: Rows, *more: str) -> BuildResult:
    """Return what becomes of rows of the sample's customer, and of further customers without rows."""
    return build(
        dialect=sample.dialect,
        frames=as_frames(dialect=sample.dialect, rows=rows),
        identifiers=[sample.identifier, *more],
        settings=BuildSettings(import_supplier=sample.payload["import_supplier"], today=sample.today),
    )


def misfit_of(*, sample: Sample) -> str:
    """Return why a sample that is not the dialect's own cannot test it, in one sentence; blank if it can.

    Codes, columns and SQL of a project are about other customers than the guide's.
    """
    if not sample.is_inherited:
        return ""
    result = built(sample, sample.rows)
    if result.rejections:
        reasons = [
            f"{finding.detail.split(': ')[0].removesuffix('.')}, at "
            f"{finding.generic_path or 'the whole record'}"
            for finding in result.rejections[0].findings
        ]
    else:
        made = json.loads(result.payloads[0].body)
        reasons = [
            f"{each.path} differs from its payload" for each in differences(before=sample.payload, after=made)
        ]
    if not reasons:
        return ""
    name = sample.dialect.name
    told = reasons[0] + (f", and {len(reasons) - 1} more" if len(reasons) > 1 else "")
    if sample.own_rows:
        return (
            f"{FOLDER_NAME}/{name}/ has rows of its own and no {_PAYLOAD}, and what they become is not the "
            f"guide's payload ({told}): put the payload that they must become beside frames/."
        )
    return (
        f"{FOLDER_NAME}/{name}/ has no customer of your own, and the guide's, which is used instead, does "
        f"not fit the codes and columns of {name} ({told}): write one of yours by {command(dialect=name)}."
    )


def command(*, dialect: str) -> str:
    """Return the command that writes a sample of a dialect's own."""
    return f"`kraken-migrate dialect sample {dialect} IDENTIFIER`"


def as_frames(*, dialect: Dialect, rows: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, pd.DataFrame]:
    """Return rows as the untyped frames that an extract returns."""
    return {
        frame.name: _as_frame(names=tuple(frame.column_names), rows=rows[frame.name])
        for frame in dialect.frames
    }


def _roots() -> tuple[Path, ...]:
    found = project()
    return (_OURS,) if found is None else (found.folder / FOLDER_NAME, _OURS)


def _root(file: Path) -> Path:
    return next((root for root in _roots() if file.is_relative_to(root)), file.parent)


def _as_frame(*, names: tuple[str, ...], rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    # Thousands of tests change a value of one frame: the others are made once, and copied.
    told = repr([[row[name] for name in names] for row in rows])
    key = (names, told)
    if key not in _MADE:
        if len(_MADE) >= _MOST:
            _MADE.clear()
        _MADE[key] = pd.DataFrame(
            {name: pd.Series([row[name] for row in rows], dtype=object) for name in names}
        )
    # Nothing that is written to a copy is seen in another.
    return _MADE[key].copy(deep=False)


_MADE: dict[tuple[tuple[str, ...], str], pd.DataFrame] = {}
_MOST: Final = 500


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
