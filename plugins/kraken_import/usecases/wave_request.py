"""What may be asked of a wave, and what is refused before anything is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.policies import PolicySettings
from kraken_import.domain.texts import flaw_of
from kraken_import.usecases.faults import BadRequest

DATED: Final = frozenset({"scheduled", "backfill"})
"""Types of runs that take the cohorts of their day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRequest:
    """The requested wave. `policy` has the settings given here; the cohort or the Connection gives the rest.

    With `identifiers` or a `selection` exactly these customers are taken, with `cohort` those planned under
    this name, with `limit` the next so many that are in no cohort, and all of these only with
    `all_customers`. A live wave must be asked for: a request that does not say is a dry run.
    """

    dialect: str
    name: str | None = None
    import_supplier: str | None = None
    limit: int | None = None
    identifiers: Sequence[str] = field(default_factory=tuple)
    selection: int | None = None
    cohort: str | None = None
    all_customers: bool = False
    batch_size: int | None = None
    """Most customers in one batch; None: chosen by the size of the wave."""
    dry_run: bool = True
    connection_id: str = "kraken"
    policy: PolicySettings = field(default_factory=PolicySettings)
    schedule_window_start: datetime | None = None
    schedule_window_end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowRun:
    """The Airflow run that works on the wave.

    A `scheduled` run takes every cohort that is due on the day of its logical date, a `backfill` the cohorts
    of exactly that day; any other run takes what its request says.
    """

    dag_id: str
    run_id: str
    run_type: str = "manual"
    logical_date: datetime | None = None
    cleared: int | None = None
    """How often the run was cleared; None when Airflow does not say."""
    requested_by: str | None = None
    batches_at_once: int = 4
    """How many batches of a dialect Airflow works on at once."""

    @property
    def redoes_failures(self) -> bool:
        """Whether running it again asks to redo refused records, not only to continue."""
        return self.run_type == "backfill"


def check_customers(*, request: WaveRequest) -> None:
    """Raise `BadRequest` when a request does not say, or says twice, which customers its wave takes."""
    chosen = request.limit is not None or bool(request.identifiers) or request.selection is not None
    if not (chosen or request.cohort or request.all_customers):
        raise BadRequest(
            "The wave does not say which customers: give their number, their identifiers or a cohort, or set "
            "all_customers to take every one that is left."
        )
    if chosen and request.all_customers:
        raise BadRequest("Take either all customers, or a number of them or named ones, not both.")


def check_names(*, identifiers: Sequence[str] = (), **names: str | None) -> None:
    """Raise `BadRequest` for a name or an identifier that cannot be stored or shown as it is."""
    given = [(f"The {what.replace('_', ' ')}", text) for what, text in names.items() if text]
    for what, text in (*given, *(("One of the identifiers", each) for each in identifiers)):
        if flaw := flaw_of(text=text):
            raise BadRequest(f"{what} {flaw}.")


def check_request(*, request: WaveRequest, kraken: KrakenSettings) -> None:
    """Raise `BadRequest` for an impossible request."""
    if request.dry_run and kraken.envelope == "bare":
        raise BadRequest(
            f"Connection {request.connection_id!r} sends payloads bare, which cannot ask for a dry run: "
            "set its envelope to wrapped, or run the wave live."
        )
    if request.limit is not None and request.limit < 1:
        raise BadRequest(f"The number of customers must be 1 or more, not {request.limit}.")
    if request.limit is not None and request.identifiers:
        raise BadRequest("Give either a number of customers or their identifiers, not both.")
    if any(not identifier.strip() for identifier in request.identifiers):
        raise BadRequest("One of the identifiers is blank: leave it out.")
    check_names(
        name=request.name,
        cohort=request.cohort,
        import_supplier=request.import_supplier,
        identifiers=request.identifiers,
    )
    if request.batch_size is not None and request.batch_size < 1:
        raise BadRequest(f"The batch size must be 1 or more, not {request.batch_size}.")
