"""`make cluster`: a wave on several workers ends well although one of them and a triggerer die."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proofs.cluster import redis
from tests.checkouts import attempt_module, free_port_base, fresh_checkout, run


@pytest.mark.timeout(700)
def test_nothing_is_lost_or_doubled_when_one_of_two_workers_and_of_two_triggerers_die(tmp_path: Path) -> None:
    try:
        # Once for all runs of this test: a fresh checkout would fetch it again.
        program = Path(redis.server())
    except redis.NoRedis as problem:
        pytest.skip(str(problem))
    with fresh_checkout(folder=tmp_path) as checkout:
        done = attempt_module(
            checkout=checkout,
            words=("proofs.cluster",),
            seconds=660,
            PORT_BASE=str(free_port_base()),
            PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            ACCOUNTS="240",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 lost, 0 doubled, 0 wrong, 0 open; at most" in done.stdout
        assert "Nothing was running." in run(checkout=checkout, command="down")
