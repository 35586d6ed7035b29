"""A Singer target with a batch sink, behind a tap that reads the accounts from where the state says.

Started as a command it is what runs both: it starts the tap and itself as a target, joined by a pipe, keeps
each state that the target emits, and hands the last one to the tap when it is started again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from kraken import Account, Books, Task, await_ends, create, read_task

_STATE = "state.json"
_EACH = 100


def main(task: Task) -> int:
    """Run tap and target. Returns the target's exit status."""
    kept = task.folder / _STATE
    words = [sys.executable, *sys.argv]
    with (
        subprocess.Popen(words, env={**os.environ, "SINGER": "tap"}, stdout=subprocess.PIPE) as tap,
        subprocess.Popen(
            words,
            env={**os.environ, "SINGER": "target"},
            stdin=tap.stdout,
            stdout=subprocess.PIPE,
            text=True,
        ) as target,
    ):
        assert tap.stdout is not None
        assert target.stdout is not None
        tap.stdout.close()
        for line in target.stdout:
            new = kept.with_suffix(".new")
            new.write_text(line, encoding="utf-8")
            new.replace(kept)
    return target.returncode


def tap(task: Task) -> None:
    """Write the accounts as Singer messages, with a state after each hundred."""
    kept = task.folder / _STATE
    done = json.loads(kept.read_text(encoding="utf-8"))["done"] if kept.exists() else 0
    properties = {name: {"type": "string"} for name in ("identifier", "body")}
    _say(type="SCHEMA", stream="accounts", schema={"properties": properties}, key_properties=["identifier"])
    number = 0
    for number, account in enumerate(task.accounts(), start=1):
        if number > done:
            record = {"identifier": account.identifier, "body": account.body}
            _say(type="RECORD", stream="accounts", record=record)
            if number % _EACH == 0:
                _say(type="STATE", value={"done": number})
    _say(type="STATE", value={"done": number})


def _say(**message: Any) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")


def target(task: Task) -> None:
    """Load what comes by standard input."""
    from over_requests import asking, at_once
    from singer_sdk import BatchSink, Target

    ask, spread, books = asking(task), at_once(task.at_once), Books.of(task.folder)

    class Accounts(BatchSink):
        max_size = 500

        def process_batch(self, context: dict[str, Any]) -> None:
            records = context["records"]
            spread(
                lambda record: create(
                    ask=ask,
                    books=books,
                    account=Account(identifier=record["identifier"], body=record["body"]),
                ),
                records,
            )
            await_ends(
                task=task,
                ask=ask,
                books=books,
                spread=spread,
                identifiers=[record["identifier"] for record in records],
            )

    class ToKraken(Target):
        name = "target-kraken"
        config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}
        default_sink_class = Accounts
        # Otherwise it emits its first state after five minutes.
        _MAX_RECORD_AGE_IN_MINUTES = 5 / 60

    with Path("/dev/stdin").open(encoding="utf-8") as messages:
        ToKraken(config={}).listen(messages)


if __name__ == "__main__":
    told = read_task()
    role = os.environ.get("SINGER")
    sys.exit(main(told) if role is None else tap(told) if role == "tap" else target(told))
