"""What is given to Airflow's metrics, by each of the ways in which it sends them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = [
    pytest.mark.xdist_group("airflow"),
    pytest.mark.filterwarnings("default"),
]

COUNTS = {"valid": 9, "invalid": 1, "parked": 0}


class Datagrams:
    """A client that sends StatsD's datagrams, as the library does that Airflow uses for them."""

    def __init__(self, *, client: socket.socket, port: int) -> None:
        self._socket = client
        self._address = ("127.0.0.1", port)

    def incr(self, stat: str, count: int, _: float) -> None:
        self._socket.sendto(f"{stat}:{count}|c".encode(), self._address)

    def gauge(self, stat: str, value: float, *_: Any) -> None:
        self._socket.sendto(f"{stat}:{value}|g".encode(), self._address)


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """Let Airflow send to a socket of this test. Returns what reads all that has come."""
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk._shared.observability.metrics.statsd_logger import SafeStatsdLogger
    from airflow.sdk.observability import stats

    server, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.2)

    def begin(*, with_tags: bool) -> Callable[[], list[str]]:
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", str(with_tags))
        client: Any = Datagrams(client=sender, port=server.getsockname()[1])
        stats.initialize(
            factory=lambda: SafeStatsdLogger(
                client, influxdb_tags_enabled=with_tags, statsd_influxdb_enabled=with_tags
            ),
            export_legacy_names=True,
        )
        return lambda: list(_received(server=server))

    try:
        yield begin
    finally:
        stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
        server.close()
        sender.close()


def _received(*, server: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield server.recv(65_536).decode()
        except TimeoutError:
            return


def test_without_tags_what_tells_values_apart_stands_in_the_name(listen: Any) -> None:
    from kraken_import.airflow import metrics

    received = listen(with_tags=False)
    metrics.count_records(step="validate", dialect="edf_accounts", counts=COUNTS)
    metrics.count_hold_back(dialect="edf_accounts", why="outage")
    metrics.gauge(name="outages", value=1, tags={"connection": "kraken"})
    assert received() == [
        "kraken_migration.records.edf_accounts.validate.valid:9|c",
        "kraken_migration.records.edf_accounts.validate.invalid:1|c",
        "kraken_migration.held_back.edf_accounts.outage:1|c",
        "kraken_migration.outages.kraken:1|g",
    ]


def test_with_tags_the_name_is_one_for_all(listen: Any) -> None:
    from kraken_import.airflow import metrics

    received = listen(with_tags=True)
    metrics.count_records(step="create", dialect="edf_accounts", counts={"processed": 3})
    (line,) = received()
    assert line == "kraken_migration.records,dialect=edf_accounts,step=create,state=processed:3|c"


def test_nothing_is_sent_where_airflow_sends_no_metrics(listen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kraken_import.airflow import metrics

    received = listen(with_tags=False)
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "False")
    metrics.count_records(step="validate", dialect="edf_accounts", counts=COUNTS)
    assert received() == []


def test_a_sender_that_fails_is_a_sentence_and_the_wave_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk.observability import stats

    from kraken_import.airflow import metrics

    def broken() -> Any:
        raise RuntimeError("GB-000000001")

    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
    stats.initialize(factory=broken, export_legacy_names=False)
    try:
        metrics.count_records(step="validate", dialect="edf_accounts", counts={"valid": 1})
    finally:
        stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
    assert "A metric was not sent (RuntimeError): the wave goes on." in caplog.text
    assert "GB-000000001" not in caplog.text


def test_the_watch_runs_where_airflow_sends_metrics_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from kraken_import.airflow.dags.watch import watch_dag

    assert watch_dag().schedule is None
    monkeypatch.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
    assert watch_dag().schedule is not None
