"""How many requests a second the stand-in Kraken answers on one core: validate, create and status in turn.

    .venv/bin/python benchmarks/simulator_throughput.py [--accounts 6000] [--connections 32]

The server is pinned to one core and the client to another. Every account is the guide's own with another
number; it is validated, created and asked for once. The client writes and reads plain HTTP, so that it is
not what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAYLOAD: Final = ROOT / "tests" / "samples" / "edf_accounts" / "payload.json"
_NUMBER: Final = "EXTERNAL-1234"


def main() -> int:
    """Start a stand-in, measure it, print one line for each figure."""
    parser = argparse.ArgumentParser(description="Measure the stand-in Kraken.")
    parser.add_argument("--accounts", type=int, default=6000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    token = secrets.token_hex(8)
    server = _start(core=cores[0], token=token)
    try:
        os.sched_setaffinity(0, cores[1:] or cores)
        port = _port(server=server)
        body = body_of()
        idle = _cpu_seconds(pid=server.pid)
        seconds, refused = asyncio.run(
            _measure(port=port, token=token, body=body, accounts=options.accounts, lines=options.connections)
        )
        busy = _cpu_seconds(pid=server.pid) - idle
    finally:
        server.kill()
        server.wait()
    requests = 3 * options.accounts
    print(f"payload              {len(body):>10,} bytes")
    print(f"requests             {requests:>10,}")
    print(f"seconds              {seconds:>10.2f}")
    print(f"requests/s           {requests / seconds:>10,.0f}")
    # On a machine with other work this tells more than the clock does.
    print(f"requests/CPU second  {requests / busy:>10,.0f}")
    if refused:
        print(f"{refused} requests were not answered with success.", file=sys.stderr)
    return 1 if refused else 0


def _start(*, core: int, token: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "kraken_import.simulator",
        "--port",
        "0",
        "--token",
        token,
        "--delay",
        "0.5",
    ]
    return subprocess.Popen(
        ["taskset", "--cpu-list", str(core), *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _port(*, server: subprocess.Popen[str]) -> int:
    """The port in the line that the server prints once it listens."""
    line = server.stdout.readline() if server.stdout else ""
    if ":" not in line:
        raise SystemExit("The stand-in Kraken did not start.")
    return int(line.rsplit(":", 1)[1])


def body_of() -> bytes:
    payload = json.loads(PAYLOAD.read_text())
    # It begins on a day that has passed since the guide was written.
    del payload["dunning_path"]
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


async def _measure(*, port: int, token: str, body: bytes, accounts: int, lines: int) -> tuple[float, int]:
    """Seconds that all requests took, and how many of them were refused."""
    numbers = iter(range(accounts))
    started = time.perf_counter()
    refused = await asyncio.gather(
        *(converse(port=port, token=token, body=body, numbers=numbers) for _ in range(lines))
    )
    return time.perf_counter() - started, sum(refused)


async def converse(*, port: int, token: str, body: bytes, numbers: Iterator[int], operations: int = 3) -> int:
    """Take accounts from `numbers` until there are no more, one request at a time.

    An account has so many operations: validate, create and status. Returns how many requests were refused.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    refused = 0
    for number in numbers:
        for request in _requests(token=token, body=body, number=number)[:operations]:
            writer.write(request)
            refused += not await _succeeds(reader=reader)
    writer.close()
    await writer.wait_closed()
    return refused


def _requests(*, token: str, body: bytes, number: int) -> Sequence[bytes]:
    name = f"BENCH-{number:09d}"
    own = body.replace(_NUMBER.encode(), name.encode())
    head = f"HTTP/1.1\r\nHost: kraken\r\nAuthorization: Token {token}\r\n"
    validate = b'{"payload":' + own + b"}"
    create = b'{"payload":' + own + b',"task_params":{}}'
    return (
        f"POST /v2/data-import/accounts/validate/ {head}Content-Length: {len(validate)}\r\n\r\n".encode()
        + validate,
        f"POST /v2/data-import/accounts/ {head}Content-Length: {len(create)}\r\n\r\n".encode() + create,
        f"GET /v2/data-import/accounts/TENTACLE_ENERGY/{name}/ {head}\r\n".encode(),
    )


async def _succeeds(*, reader: asyncio.StreamReader) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    await reader.readexactly(int(length))
    return head[9:11] == b"20"


def _cpu_seconds(*, pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
