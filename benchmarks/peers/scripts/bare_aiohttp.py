"""Bare aiohttp: one session, so many requests at once."""

from __future__ import annotations

import asyncio

import aiohttp
from kraken import Task, read_task
from waiting_together import migrate


async def main(task: Task) -> None:
    """Migrate over one session."""
    timeout = aiohttp.ClientTimeout(total=60, connect=10)
    connector = aiohttp.TCPConnector(limit=task.at_once)
    async with aiohttp.ClientSession(connector=connector, headers=task.headers, timeout=timeout) as session:

        async def ask(method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
            async with session.request(method, task.url + path, data=body) as answer:
                return answer.status, await answer.read()

        await migrate(task=task, ask=ask)


if __name__ == "__main__":
    asyncio.run(main(read_task()))
