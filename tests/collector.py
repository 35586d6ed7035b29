"""A collector of OpenTelemetry's metrics: what an Airflow sends over HTTP is kept, and can be asked for."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

Tags = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Collector:
    """What has come in by now: of each process and metric the last values, by their tags."""

    port: int = 0
    points: dict[tuple[str, str, Tags], float] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/metrics"

    def value(self, name: str, **tags: str) -> float:
        """The sum of the last values that each process has sent of a metric with these tags."""
        wanted = set(tags.items())
        return sum(
            value for (_, metric, said), value in self.points.items() if metric == name and wanted <= said
        )

    def tags(self, name: str) -> list[dict[str, str]]:
        return [dict(said) for _, metric, said in self.points if metric == name]

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    kind = metric.WhichOneof("data")
                    if kind not in ("sum", "gauge"):
                        continue
                    for point in getattr(metric, kind).data_points:
                        said = frozenset((each.key, each.value.string_value) for each in point.attributes)
                        # A process begins to count at a time of its own.
                        process = str(point.start_time_unix_nano) if kind == "sum" else ""
                        value = getattr(point, point.WhichOneof("value"))
                        self.points[process, metric.name, said] = value


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector at a free port of this machine."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
