"""`make chaos`: waves end well although parts of their stack are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkouts import attempt_module, free_port_base, fresh_checkout, run


@pytest.mark.alone
@pytest.mark.timeout(400)
def test_nothing_is_lost_or_doubled_when_the_stand_in_the_scheduler_and_postgres_are_killed(
    tmp_path: Path,
) -> None:
    with fresh_checkout(folder=tmp_path) as checkout:
        done = attempt_module(
            checkout=checkout,
            words=("proofs.chaos",),
            seconds=360,
            PORT_BASE=str(free_port_base()),
            KILL="stand-in,scheduler,postgres",
            ROUNDS="3",
            ACCOUNTS="120",
            SEED="1",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3 rounds, 360 customers: 0 lost, 0 doubled, 0 wrong, 0 open, 0 later" in done.stdout
        assert "Nothing was running." in run(checkout=checkout, command="down")
