"""What the console needs from where it runs: who asks, what they may do, the databases, and Airflow's API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fastapi import Request
from sqlalchemy import Engine


class Act(StrEnum):
    """What an order does, and so which of Airflow's permissions it needs: those of the same call by REST."""

    CONTROL = "control"
    """Pause, resume, cancel, stop, decide: a run of `control_wave`."""
    RERUN = "rerun"
    """A run of `rerun_<dialect>`."""
    START = "start"
    """A run of `migrate_<dialect>`, or clearing one."""
    APPROVE = "approve"
    """An answer to a question of `migrate_<dialect>`."""
    PLAN = "plan"
    """A run of `plan_cohort`."""
    RECONCILE = "reconcile"
    """A run of `reconcile`."""
    OWN = "own"
    """Give what is left to an owner, close a wave, open it again: as a run of `reconcile`."""


class NotSignedIn(Exception):
    """The request carries no valid login."""


class Caller(Protocol):
    """A user of Airflow. Each answer is Airflow's own."""

    @property
    def name(self) -> str:
        """The user's name."""

    def may_read(self, *, dialect: str) -> bool:
        """Return whether the user may read the DAG of a dialect's waves."""

    def may(self, *, act: Act, dialect: str | None) -> bool:
        """Return whether the user may do this by REST; `dialect` is None for what is of no dialect."""

    def may_see_personal_data(self, *, dialect: str) -> bool:
        """Return whether the user may see what was sent to Kraken and what it answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Airflow's API answered: its HTTP status and its document."""

    status: int
    document: Any

    @property
    def is_good(self) -> bool:
        """Whether it did what was asked."""
        return 200 <= self.status < 300


class Surroundings(Protocol):
    """Where the console runs. Its methods are called in threads, but for `caller`."""

    async def caller(self, *, request: Request) -> Caller:
        """Return who asks. Raises `NotSignedIn`."""

    def places(self) -> Mapping[str, Sequence[str]]:
        """Return the dialects in force by tracking database, which is named by its Connection."""

    def reader(self, *, place: str) -> Engine:
        """Return a tracking database as the role that sees no payload. Raises a sentence of ours."""

    def writer(self, *, place: str) -> Engine:
        """Return a tracking database as the role of tasks. Raises a sentence of ours."""

    def legacy(self, *, dialect: str) -> Engine:
        """Return the legacy database of a dialect. Raises a sentence of ours."""

    def airflow(
        self, *, request: Request, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Call Airflow's REST API (`/api/v2/…`) as the user who asks."""

    def schedule(self) -> str:
        """Return when nights begin, as a cron line in each dialect's zone; blank: by hand only."""

    def key(self) -> str:
        """Return a secret that all servers of this Airflow share."""

    def home(self) -> str:
        """Return the address of Airflow's own pages, relative to the console's host."""
