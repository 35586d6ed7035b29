"""What pages know of a mapping: read beside them, and never waited for long."""

from __future__ import annotations

from kraken_import.console.columns import Columns
from kraken_import.reporting.columns import columns
from kraken_import.usecases.triage import UNMAPPED
from transforms.registry import get_dialect
from transforms.triage import source_of


def test_a_page_is_made_without_columns_and_has_them_at_its_next_look() -> None:
    found = Columns()
    assert found.of(dialect="plenitude_accounts", patience=0) is None
    mapped = found.of(dialect="plenitude_accounts", patience=60)
    assert mapped is not None
    assert found.of(dialect="plenitude_accounts", patience=0) is mapped
    identifier = ".".join(get_dialect(name="plenitude_accounts").identifier_path)
    for path in (identifier, f"{identifier}.made_up", "made_up", ""):
        assert mapped.source(path=path) == source_of(dialect="plenitude_accounts", path=path), path


def test_of_a_dialect_that_is_not_there_nothing_is_known() -> None:
    assert columns(name="made_up") == {"columns": {}, "rules": {}, "places": {}}
    assert Columns().of(dialect="made_up", patience=60) == UNMAPPED
