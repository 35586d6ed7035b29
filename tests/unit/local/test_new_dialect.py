"""`make new-dialect` with names that no dialect can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from kraken_import.local import new_dialect
from kraken_import.local.settings import read_wishes


@pytest.mark.parametrize("name", ["", "Acme", "acme-accounts", "../acme", "1acme", "class"])
def test_a_name_that_no_dialect_can_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(new_dialect, "ROOT", tmp_path)
    with pytest.raises(new_dialect.UnableToAddDialect, match="acme_accounts") as refused:
        new_dialect.new_dialect(wishes=read_wishes(environment={"NAME": name}))
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
