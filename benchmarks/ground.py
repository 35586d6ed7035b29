"""What benchmarks run on: a separate Postgres, and free ports."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kraken_import.local import postgres
from kraken_import.local.postgres import Cluster


@contextmanager
def own_postgres(
    *, name: str, settings: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[Cluster]:
    """A running Postgres in a temporary folder, which is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix=f"kraken-{name}-", dir=folder))
    # The server's user is not this one when this runs as root.
    home.chmod(0o755)
    cluster = postgres.open_cluster(
        home=home / "postgres", port=free_port(), settings=settings or {"fsync": "off"}
    )
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
