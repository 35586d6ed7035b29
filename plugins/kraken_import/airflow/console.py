"""The console as a part of Airflow: its users, its permissions, its Connections and its REST API."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final

import anyio.from_thread
import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import (
    COOKIE_NAME_JWT_TOKEN,
    BaseAuthManager,
    ResourceMethod,
)
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import (
    ConnectionDetails,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.core_api.security import get_user
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException
from fastapi import HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import Engine

from kraken_import.airflow.connections import connection_ids, database
from kraken_import.airflow.links import base_url
from kraken_import.console.access import Act, Answer, Caller, NotSignedIn
from kraken_import.console.app import make_app
from kraken_import.domain.nights import scheduled
from kraken_import.tracking import roles
from kraken_import.usecases.faults import Retryable
from transforms.registry import dialect_names

_SECONDS: Final = 30.0
_CURRENT: Final = 30.0
"""Seconds for which a Connection is not read again: many pages are loaded in that time."""
_RUN: Final = DagAccessEntity.RUN
_NEEDED: Final[Mapping[Act, tuple[str, ResourceMethod, DagAccessEntity]]] = {
    Act.CONTROL: ("control_wave", "POST", _RUN),
    Act.RERUN: ("rerun_{dialect}", "POST", _RUN),
    Act.START: ("migrate_{dialect}", "POST", _RUN),
    Act.APPROVE: ("migrate_{dialect}", "PUT", DagAccessEntity.HITL_DETAIL),
    Act.PLAN: ("plan_cohort", "POST", _RUN),
    Act.RECONCILE: ("reconcile", "POST", _RUN),
    Act.OWN: ("reconcile", "POST", _RUN),
}
"""The DAG whose permission an order needs, and what the same call by REST would need of it."""


_MISSING: Final = (
    "The console has no way to the tracking database: there is no Connection {name!r} in Airflow. Make one "
    "of type Postgres, to the same database, for a user in migration_reader (docs/deploy/databases.md says "
    "how); waves go on without it."
)


@dataclass(frozen=True, kw_only=True)
class AirflowCaller:
    """A user of Airflow; its auth manager is asked once for each permission and request."""

    name: str
    user: BaseUser
    _asked: dict[tuple[str, ResourceMethod, DagAccessEntity | None], bool] = field(default_factory=dict)

    def may_read(self, *, dialect: str) -> bool:
        """Return whether the user may read the DAG of a dialect's waves."""
        return self._may_dag(f"migrate_{dialect}", "GET", None)

    def may(self, *, act: Act, dialect: str | None) -> bool:
        """Return whether the user may do this by REST, and read what it is about."""
        dag_id, method, entity = _NEEDED[Act(act)]
        if dialect is not None and not self.may_read(dialect=dialect):
            return False
        return self._may_dag(dag_id.format(dialect=dialect), method, entity)

    def may_see_personal_data(self, *, dialect: str) -> bool:
        """Return whether the user may read the Connection to Kraken, with which customers are read."""
        details = ConnectionDetails(conn_id=connection_ids(dialect=dialect).kraken)
        return self.may_read(dialect=dialect) and _auth().is_authorized_connection(
            method="GET", details=details, user=self.user
        )

    def _may_dag(self, dag_id: str, method: ResourceMethod, entity: DagAccessEntity | None) -> bool:
        key = (dag_id, method, entity)
        if key not in self._asked:
            self._asked[key] = _auth().is_authorized_dag(
                method=method, access_entity=entity, details=DagDetails(id=dag_id), user=self.user
            )
        return self._asked[key]


@dataclass(kw_only=True)
class InAirflow:
    """The surroundings of the console in Airflow's API server."""

    _engines: dict[str, tuple[float, Engine]] = field(default_factory=dict)
    """Databases by Connection, and when each was last looked up there, on this process's monotonic clock."""

    async def caller(self, *, request: Request) -> Caller:
        """Return the user of the request. Raises `NotSignedIn`."""
        try:
            user = await get_user(request, None, _bearer(request=request))
        except HTTPException:
            raise NotSignedIn from None
        return AirflowCaller(name=user.get_name(), user=user)

    def places(self) -> Mapping[str, Sequence[str]]:
        """Return the dialects in force by the Connection of their tracking database."""
        found: dict[str, list[str]] = {}
        for name in dialect_names():
            found.setdefault(connection_ids(dialect=name).tracking, []).append(name)
        return found

    def reader(self, *, place: str) -> Engine:
        """Return a tracking database by its Connection for reading: `tracking_reader` for `tracking`."""
        return self._database(connection_id=f"{place}_reader", is_tracking=False)

    def writer(self, *, place: str) -> Engine:
        """Return a tracking database by the Connection of tasks."""
        return self._database(connection_id=place, is_tracking=True)

    def _database(self, *, connection_id: str, is_tracking: bool) -> Engine:
        found_at, engine = self._engines.get(connection_id, (-_CURRENT, None))
        if engine is None or time.monotonic() - found_at > _CURRENT:
            try:
                engine = database(connection_id=connection_id, is_tracking=is_tracking)
            except AirflowNotFoundException:
                raise Retryable(_MISSING.format(name=connection_id)) from None
            if not is_tracking:
                _check_reader(engine=engine, name=connection_id)
            self._engines[connection_id] = (time.monotonic(), engine)
        return engine

    def legacy(self, *, dialect: str) -> Engine:
        """Return the legacy database of a dialect."""
        return database(connection_id=connection_ids(dialect=dialect).legacy)

    def airflow(
        self, *, request: Request, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Call Airflow's REST API with the login of the request: what it allows is decided there."""
        return anyio.from_thread.run(partial(_call, request=request, method=method, path=path, body=body))

    def schedule(self) -> str:
        """Return when nights begin, from the environment that the DAGs are read with."""
        return scheduled(environment=os.environ)

    def key(self) -> str:
        """Return the secret that the API servers of this Airflow share."""
        return str(conf.get_mandatory_value("api", "secret_key"))

    def home(self) -> str:
        """Return Airflow's address as people see it; blank where it is not set."""
        return base_url()


def _check_reader(*, engine: Engine, name: str) -> None:
    """Raise a sentence unless the user of a Connection may read what pages show."""
    with engine.connect() as connection:
        may_read = roles.may_read(connection=connection)
    if may_read is None:
        raise Retryable(
            f"The database of Connection {name!r} has no tracking schema: run `kraken-migrate db upgrade`, "
            "or correct where the Connection leads."
        )
    if not may_read:
        raise Retryable(
            f"The user of Connection {name!r} may not read the tracking schema: have the owner of the "
            "database run `GRANT migration_reader TO` that user."
        )


async def _call(*, request: Request, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
    # The application that uvicorn serves; its import is this server's own.
    from airflow.api_fastapi.main import app as served

    bearer = _bearer(request=request)
    login = bearer.credentials if bearer else request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=served),
        base_url="http://airflow",
        headers={"Authorization": f"Bearer {login}"},
        timeout=_SECONDS,
    ) as client:
        answer = await client.request(method, path, json=body)
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return Answer(status=answer.status_code, document=answer.json() if is_json and answer.content else None)


def _bearer(*, request: Request) -> HTTPAuthorizationCredentials | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials:
        return None
    return HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials)


@cache
def _auth() -> BaseAuthManager[Any]:
    return get_auth_manager()


app = make_app(surroundings=InAirflow())
