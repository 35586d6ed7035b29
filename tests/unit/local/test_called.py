"""How sentences of the stack name its commands: by make in a checkout, by Python where it is installed."""

from __future__ import annotations

import pytest

from kraken_import.local import problems


def test_a_command_is_called_by_make_where_there_is_a_makefile_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems.called(command="legacy", variables="SEED=7") == "`make legacy SEED=7`"
    monkeypatch.setattr(problems, "CHECKOUT", None)
    assert problems.called(command="env") == "`python -m kraken_import.local env`"
    told = problems.called(command="legacy", variables="SEED=7")
    assert told == "`SEED=7 python -m kraken_import.local legacy`"
