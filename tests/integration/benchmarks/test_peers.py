"""What other loaders are measured by: their scripts, their books, and what a kill has done."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.peers import measuring
from benchmarks.peers.environments import HERE
from benchmarks.peers.measuring import Command, PeerFailed
from benchmarks.shared_limits import stand_in
from benchmarks.simulator_throughput import body_of

SUPPLIER = "TENTACLE_ENERGY"
NAMES = ["PEER-1", "PEER-2", "PEER-3"]


@pytest.fixture
def kraken() -> Iterator[tuple[str, str]]:
    with stand_in(delay=0.1) as address:
        yield address


@pytest.fixture
def payloads(tmp_path: Path) -> Path:
    """The guide's own account under other names."""
    body = body_of().decode()
    lines = [{"identifier": name, "body": body.replace("EXTERNAL-1234", name)} for name in NAMES]
    path = tmp_path / "payloads.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def command(script: str, *, kraken: tuple[str, str], payloads: Path) -> Command:
    """The command of a peer whose packages these tests have too."""
    url, token = kraken
    folder = payloads.parent
    words = [sys.executable, str(HERE / "scripts" / f"{script}.py"), "--url", url, "--supplier", SUPPLIER]
    words += ["--payloads", str(payloads), "--folder", str(folder), "--at-once", "2"]
    return Command(words=words, variables={"KRAKEN_TOKEN": token}, log=folder / "log")


@pytest.mark.parametrize("script", ["bare_aiohttp", "requests_threads"])
def test_a_peer_follows_each_account_to_its_end_and_sends_none_twice_when_started_again(
    script: str, kraken: tuple[str, str], payloads: Path
) -> None:
    url, _ = kraken
    started = command(script, kraken=kraken, payloads=payloads)
    speed = measuring.run(command=started, url=url)
    assert speed.accounts == 3
    assert 0 < speed.cpu_seconds <= 2 * speed.seconds
    measuring.run(command=started, url=url)
    seen = measuring.ledger(url=url)["seen"]
    assert (seen["validate"], seen["create"]) == (3, 3)
    outcomes = measuring.outcomes_of(folder=payloads.parent)
    assert outcomes == dict.fromkeys(NAMES, "PROCESSED")
    harm = measuring.harm(url=url, wanted=NAMES, outcomes=outcomes)
    assert (harm.sent_twice, harm.created_twice, harm.lost, harm.unknown) == (0, 0, 0, 0)


def test_what_is_sent_twice_lost_or_unknown_is_counted(kraken: tuple[str, str], payloads: Path) -> None:
    url, token = kraken
    lines = [json.loads(line) for line in payloads.read_text(encoding="utf-8").splitlines()]

    def create(line: dict[str, Any]) -> None:
        body = {"payload": json.loads(line["body"]), "task_params": {}}
        address = f"{url}/v2/data-import/accounts/"
        requests.post(address, json=body, headers={"Authorization": f"Token {token}"}, timeout=10)

    for line in (lines[0], lines[0], lines[1]):
        create(line)
    harm = measuring.harm(url=url, wanted=NAMES, outcomes={NAMES[0]: "ERRORED", NAMES[1]: "CREATED"})
    # The stand-in refuses the second create: Kraken is sent it nevertheless.
    assert (harm.sent_twice, harm.created_twice, harm.lost, harm.unknown) == (1, 0, 1, 2)


def test_a_command_that_fails_is_said_and_not_measured(kraken: tuple[str, str], payloads: Path) -> None:
    started = command("bare_aiohttp", kraken=kraken, payloads=payloads)
    payloads.write_text("no JSON\n", encoding="utf-8")
    with pytest.raises(PeerFailed, match="ended with 1"):
        measuring.run(command=started, url=kraken[0])
    with pytest.raises(PeerFailed, match="before it had created 2 accounts"):
        measuring.run_killed(command=started, url=kraken[0], kill_at=2)


def test_books_go_on_after_a_line_that_a_kill_cut_off(tmp_path: Path) -> None:
    books_of = runpy.run_path(str(HERE / "scripts" / "kraken.py"))["Books"].of
    books = books_of(tmp_path)
    books.created("PEER-1")
    with books.path.open("a", encoding="utf-8") as file:
        file.write('["PEER-2", "CREA')
    again = books_of(tmp_path)
    assert again.open == ["PEER-1"]
    again.write(("PEER-1", "PROCESSED"))
    assert books_of(tmp_path).known == {"PEER-1": "PROCESSED"}
