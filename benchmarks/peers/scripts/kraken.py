"""What every peer does for an account, and its books: the standard library alone, in any environment.

An account is validated, created, and asked about until it ends. What was created and how it ended is written
down line by line, so that a command that was killed goes on where it stopped when it is started again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import quote

BETWEEN_LOOKS: Final = 1.0
ENDS: Final = frozenset({"PROCESSED", "ERRORED", "REFUSED"})
_CREATED: Final = "CREATED"
_PATH: Final = "/v2/data-import/accounts/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer whose payload is finished."""

    identifier: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a peer is told: where Kraken is, what to send, and where to keep its books."""

    url: str
    supplier: str
    payloads: Path
    folder: Path
    at_once: int

    @property
    def token(self) -> str:
        """The token, which stands in the environment."""
        return os.environ["KRAKEN_TOKEN"]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}

    def accounts(self) -> Iterator[Account]:
        """Read the accounts one by one."""
        with self.payloads.open(encoding="utf-8") as lines:
            for line in lines:
                yield Account(**json.loads(line))


def read_task() -> Task:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--supplier", required=True)
    parser.add_argument("--payloads", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    return Task(**vars(parser.parse_args()))


@dataclass(slots=True, kw_only=True)
class Books:
    """What became of each account, kept in a file from which a killed command goes on."""

    path: Path
    known: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, folder: Path) -> Books:
        """Read what was written before. A line that a kill cut off is left out."""
        books = cls(path=folder / "outcomes.jsonl")
        if books.path.exists():
            whole = books.path.read_text(encoding="utf-8").rpartition("\n")[0]
            # The rest of a line must not become the beginning of the next.
            books.path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
            for line in whole.splitlines():
                identifier, word = json.loads(line)
                books.known[identifier] = word
        return books

    def write(self, *entries: tuple[str, str]) -> None:
        """Note what became of accounts, at once."""
        lines = "".join(f"{json.dumps(entry)}\n" for entry in entries)
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(lines)
            self.known.update(entries)

    def created(self, identifier: str) -> None:
        """Note that Kraken has taken an account."""
        self.write((identifier, _CREATED))

    @property
    def open(self) -> list[str]:
        """The accounts that Kraken has taken and that have not ended."""
        return [identifier for identifier, word in self.known.items() if word == _CREATED]


Ask = Callable[[str, str, bytes | None], tuple[int, bytes]]
"""Sends method, path and body. Returns HTTP status and body of the answer."""


def validation(account: Account) -> tuple[str, str, bytes]:
    """The request that validates an account."""
    return "POST", f"{_PATH}validate/", f'{{"payload":{account.body}}}'.encode()


def creation(account: Account) -> tuple[str, str, bytes]:
    """The request that creates an account."""
    return "POST", _PATH, f'{{"payload":{account.body},"task_params":{{}}}}'.encode()


def look(*, supplier: str, identifier: str) -> tuple[str, str, None]:
    """The request that asks how an account stands."""
    return "GET", f"{_PATH}{quote(supplier, safe='')}/{quote(identifier, safe='')}/", None


def is_taken(*, status: int, body: bytes) -> bool:
    """Whether Kraken has taken an account, now or before."""
    return status < 300 or (status == 400 and b"already_imported" in body)


def end_of(*, status: int, body: bytes) -> str | None:
    """How an account has ended; None while it has not."""
    told = json.loads(body).get("status") if status == 200 else None
    return told if told in ENDS else None


def create(*, ask: Ask, books: Books, account: Account) -> None:
    """Validate an account and, if it is valid, create it."""
    status, _ = ask(*validation(account))
    if status >= 300:
        books.write((account.identifier, "REFUSED"))
        return
    status, body = ask(*creation(account))
    if is_taken(status=status, body=body):
        books.created(account.identifier)
    else:
        books.write((account.identifier, "REFUSED"))


def follow(*, ask: Ask, books: Books, supplier: str, identifier: str) -> None:
    """Ask once how an account stands, and note its end."""
    status, body = ask(*look(supplier=supplier, identifier=identifier))
    end = end_of(status=status, body=body)
    if end is not None:
        books.write((identifier, end))


def migrate(*, task: Task, ask: Ask, spread: Callable[..., None]) -> None:
    """Create all accounts that are not created, then ask about those that have not ended until they have.

    `spread` calls a function for each of many things, at once or one after another.
    """
    books = Books.of(task.folder)
    left = (account for account in task.accounts() if account.identifier not in books.known)
    spread(lambda account: create(ask=ask, books=books, account=account), left)
    await_ends(task=task, ask=ask, books=books, spread=spread, identifiers=None)


def await_ends(
    *,
    task: Task,
    ask: Ask,
    books: Books,
    spread: Callable[..., None],
    identifiers: Sequence[str] | None,
) -> None:
    """Ask about these accounts, or all that are open, until they have ended."""
    while True:
        chosen = (
            books.open
            if identifiers is None
            else [each for each in identifiers if books.known.get(each) == _CREATED]
        )
        if not chosen:
            return
        spread(
            lambda identifier: follow(ask=ask, books=books, supplier=task.supplier, identifier=identifier),
            chosen,
        )
        if any(books.known[each] == _CREATED for each in chosen):
            time.sleep(BETWEEN_LOOKS)
