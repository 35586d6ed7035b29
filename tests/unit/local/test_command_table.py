"""The table of make's commands, which names functions by text."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from kraken_import.local.__main__ import _COMMANDS, _WITHOUT_VARIABLES


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_is_a_function_that_takes_the_variables_or_nothing(name: str) -> None:
    module, function = _COMMANDS[name].split(":")

    command = getattr(import_module(f"kraken_import.local.{module}"), function)

    required = [
        each.name
        for each in inspect.signature(command).parameters.values()
        if each.default is inspect.Parameter.empty
    ]
    assert required == ([] if name in _WITHOUT_VARIABLES else ["wishes"])
