"""The same in one event loop, for the clients that are asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from kraken import BETWEEN_LOOKS, Account, Books, Task, creation, end_of, is_taken, look, validation

Ask = Callable[[str, str, bytes | None], Awaitable[tuple[int, bytes]]]


async def migrate(*, task: Task, ask: Ask) -> None:
    """Create all accounts that are not created, then ask about those that have not ended until they have."""
    books = Books.of(task.folder)

    async def create(account: Account) -> None:
        status, _ = await ask(*validation(account))
        if status < 300:
            status, body = await ask(*creation(account))
            if is_taken(status=status, body=body):
                books.created(account.identifier)
                return
        books.write((account.identifier, "REFUSED"))

    async def follow(identifier: str) -> None:
        status, body = await ask(*look(supplier=task.supplier, identifier=identifier))
        end = end_of(status=status, body=body)
        if end is not None:
            books.write((identifier, end))

    left = (account for account in task.accounts() if account.identifier not in books.known)
    await _spread(create, left, task.at_once)
    while waiting := books.open:
        await _spread(follow, waiting, task.at_once)
        if books.open:
            await asyncio.sleep(BETWEEN_LOOKS)


async def _spread(do: Callable[[Any], Awaitable[None]], things: Iterable[Any], at_once: int) -> None:
    turns: Iterator[Any] = iter(things)

    async def work() -> None:
        for each in turns:
            await do(each)

    await asyncio.gather(*(work() for _ in range(at_once)))
