"""Bare httpx: one asynchronous client, so many requests at once."""

from __future__ import annotations

import asyncio

import httpx
from kraken import Task, read_task
from waiting_together import migrate


async def main(task: Task) -> None:
    """Migrate over one client."""
    limits = httpx.Limits(
        max_connections=task.at_once,
        max_keepalive_connections=task.at_once,
        # Shorter than the server's own, so that no request is sent into a connection that it closes.
        keepalive_expiry=2,
    )
    timeout = httpx.Timeout(60, connect=10)
    async with httpx.AsyncClient(
        base_url=task.url, headers=task.headers, limits=limits, timeout=timeout
    ) as client:

        async def ask(method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
            answer = await client.request(method, path, content=body)
            return answer.status_code, answer.content

        await migrate(task=task, ask=ask)


if __name__ == "__main__":
    asyncio.run(main(read_task()))
