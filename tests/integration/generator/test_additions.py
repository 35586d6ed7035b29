"""An adopter's own SQL and one declaration fill a field that no frame names, in every dialect."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine

from kraken_import.generator.values import configured_values
from tests.samples import TODAY
from transforms import sql_files
from transforms.additions import with_additions
from transforms.build import BuildSettings, build
from transforms.extract import candidate_identifiers, extract, frame_sql
from transforms.registry import get_dialect

pytestmark = pytest.mark.xdist_group("generator")

# Dialect, frame, field of the model, what the SQL delivers, and the column: a new one, or one replaced.
ADDED = [
    ("edf_accounts", "customers", "customer_preferences.partner_password", "'sesame'", "ours"),
    ("edf_accounts", "accounts", "date_of_sale", "'2026-01-01'", "ours"),
    ("edf_accounts", "supply_addresses", "label", "'Home, sweet home'", "ours"),
    ("national_grid_accounts", "customers", "salutation", "'Hi'", "ours"),
    ("plenitude_accounts", "customers", "given_name", "'Inês'", "given_name"),
    ("essential_supply_points_accounts", "supply_points", "supply_point.substation", "'S-1'", "substation"),
    ("essential_supply_points_cdns", "supply_points", "supply_point.substation", "'S-1'", "substation"),
]


@pytest.mark.parametrize(
    ("name", "frame", "field", "value", "column"), ADDED, ids=[f"{one[0]}-{one[2]}" for one in ADDED]
)
def test_a_column_of_the_adopters_own_sql_arrives_in_every_payload(
    filled: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    frame: str,
    field: str,
    value: str,
    column: str,
) -> None:
    folder = tmp_path / "extract"
    shutil.copytree(sql_files.FOLDER, tmp_path, dirs_exist_ok=True)
    file = folder / name / f"{frame}.sql"
    (known,) = (each for each in get_dialect(name=name).frames if each.name == frame)
    columns = ", ".join(f"theirs.{each}" for each in known.column_names if each != column)
    query = frame_sql(dialect=name, name=frame).read_text(encoding="utf-8")
    file.write_text(
        f"SELECT {columns}, {value} AS {column}\nFROM (\n{query}\n) AS theirs\n", encoding="utf-8"
    )
    (folder / name / "columns.toml").write_text(
        f'[{frame}.columns.{column}]\nkind = "text"\nfield = "{field}"\nmeaning = "Ours."\n',
        encoding="utf-8",
    )
    dialect = with_additions(dialect=get_dialect(name=name), file=folder / name / "columns.toml")
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    identifiers = candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=20)
    result = build(
        dialect=dialect,
        frames=extract(engine=filled, dialect=dialect, identifiers=identifiers).frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY, values=configured_values()[name]),
    )
    wanted = value.strip("'").replace("''", "'")
    parts = [part for part in (_target(name=name, frame=frame), *field.split(".")) if part]
    assert len(result.payloads) > 15
    for payload in result.payloads:
        assert _values(orjson.loads(payload.body), parts) in ([wanted], [wanted] * 2)


def _target(*, name: str, frame: str) -> str:
    frames = {each.name: each for each in get_dialect(name=name).frames}
    above = frames[frame].parent
    own = frames[frame].target
    return ".".join(filter(None, (_target(name=name, frame=above), own))) if above else own


def _values(node: Any, parts: list[str]) -> list[Any]:
    """What stands at a path, in whichever entries of its lists."""
    flat = [part for path in parts for part in path.split(".")]
    nodes = [node]
    for part in flat:
        nodes = [inner for each in nodes for inner in (each if isinstance(each, list) else [each])]
        nodes = [each[part] for each in nodes if part in each]
    return nodes
