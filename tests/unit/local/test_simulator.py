"""What the stand-in Kraken of a stack keeps over a restart, and where."""

from __future__ import annotations

from dataclasses import fields

from kraken_import.local.settings import DEFAULT_PORT_BASE, Ports, Secrets
from kraken_import.local.simulator import simulator_command, simulator_environment

SECRETS = Secrets(**dict.fromkeys((each.name for each in fields(Secrets)), "a secret"))


def journal(*, base: int) -> str:
    command = simulator_command(ports=Ports(base=base))
    return command[command.index("--journal") + 1]


def test_the_stand_in_of_each_address_remembers_what_was_created_at_that_address_alone() -> None:
    bases = (DEFAULT_PORT_BASE, 28180, 30980)
    assert len({journal(base=base) for base in bases}) == len(bases)
    assert [journal(base=base) for base in bases] == [journal(base=base) for base in bases]


def test_the_stand_in_of_the_usual_address_keeps_its_journal() -> None:
    assert journal(base=DEFAULT_PORT_BASE).endswith("/.run/simulator.journal")


def test_the_token_of_the_stand_in_stands_in_its_environment_and_not_in_its_arguments() -> None:
    assert "a secret" not in simulator_command(ports=Ports(base=DEFAULT_PORT_BASE))
    assert simulator_environment(secrets=SECRETS)["SIMULATOR_TOKEN"] == "a secret"
