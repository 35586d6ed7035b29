"""The console's application: its routes, and what a request that cannot be answered gets to read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DataError, DBAPIError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import RequestResponseEndpoint

from kraken_import.console import pages
from kraken_import.console.access import NotSignedIn, Surroundings
from kraken_import.console.asking import NotAllowed, NotFound, SignedIn, _caller, surroundings_of
from kraken_import.console.forms import ForeignForm
from kraken_import.console.routes import ROUTERS
from kraken_import.console.shared import SharedPages
from kraken_import.tracking.board import wave_of
from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.usecases.faults import BadRequest, Retryable
from transforms.database import DatabaseInterrupted, UnableToQuery

_log = logging.getLogger(__name__)

_SILENT: Final = (
    "The tracking database does not answer now, which says nothing of the waves: they go on by themselves. "
    "`kraken-migrate doctor` says what it meets; load this page again."
)
_NO_WAVE: Final = (
    "This run has no wave and no rerun that you may see, or none yet: the log of its task plan says why."
)
_AT_ONCE: Final = 16
"""Pages that are made at once; the others wait.

Each takes one of the 40 threads of Airflow's API server, and a second one while it asks Airflow something: if
pages had all threads, each would wait for ever for an answer that needs another.
"""
_SENSELESS: Final = "The address or the form says something that cannot be: go back."
_BROKEN: Final = (
    "This page could not be made; the log of Airflow's API server names the kind of fault. "
    "Waves are not touched by it."
)
_FAULTS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    NotSignedIn: (401, "Log in to Airflow first, then load this page again."),
    NotAllowed: (403, ""),
    ForeignForm: (403, ""),
    NotFound: (404, ""),
    BadRequest: (409, ""),
    RequestValidationError: (422, _SENSELESS),
    StarletteHTTPException: (500, ""),
    UnableToUseTracking: (503, ""),
    Retryable: (503, ""),
    DataError: (404, _SENSELESS),
    DBAPIError: (503, _SILENT),
    DatabaseInterrupted: (503, _SILENT),
    UnableToQuery: (503, _SILENT),
}
"""The status and the sentence of each fault; a blank one stands for the fault's own."""


def make_app(*, surroundings: Surroundings) -> FastAPI:
    """Return the application. Each of its routes asks for a login, whatever else it asks for."""
    app = FastAPI(
        title="Migration console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(_caller)],
    )
    app.state.surroundings = surroundings
    app.state.shared_pages = SharedPages()

    @app.get("/")
    def home(request: Request, caller: SignedIn) -> Response:
        """Lead to the waves of the first tracking database."""
        root = request.scope.get("root_path", "").rstrip("/")
        first = next(iter(surroundings_of(request).places()), None)
        if first is None:
            return _said(request, 404, "There is no dialect in force, so there is nothing to show.")
        return RedirectResponse(f"{root}/{first}/waves", status_code=303)

    @app.get("/runs/{dag_id}/{run_id:path}")
    def run(request: Request, caller: SignedIn, dag_id: str, run_id: str) -> Response:
        """Lead to the wave of a run, as its tab in Airflow does; of a rerun to the first of its waves."""
        root = request.scope.get("root_path", "").rstrip("/")
        kind, _, dialect = dag_id.partition("_")
        surroundings = surroundings_of(request)
        place = next((name for name, known in surroundings.places().items() if dialect in known), None)
        if place is None or "\0" in dag_id + run_id or not caller.may_read(dialect=dialect):
            return _said(request, 404, _NO_WAVE)
        with surroundings.reader(place=place).connect() as connection:
            wave_id = wave_of(connection=connection, kind=kind, dag_id=dag_id, run_id=run_id)
        if wave_id is None:
            return _said(request, 404, _NO_WAVE)
        return RedirectResponse(f"{root}/{place}/waves/{wave_id}", status_code=303)

    @app.get("/static/{name}")
    def static(name: str, caller: SignedIn) -> Response:
        """Return a style sheet or a module."""
        found = pages.static(name=name)
        if found is None:
            raise HTTPException(status_code=404)
        return found

    for router in ROUTERS:
        app.include_router(router, prefix="/{place}")
    _say_in_sentences(app)
    return app


def _say_in_sentences(app: FastAPI) -> None:
    """Have each fault that is known answered by its status and a sentence, and all others by ours alone."""

    def answer(request: Request, error: Exception) -> Response:
        status, sentence = next(said for kind, said in _FAULTS.items() if isinstance(error, kind))
        if isinstance(error, StarletteHTTPException):
            status = error.status_code
            sentence = "There is no such page." if status == 404 else "This cannot be answered."
        return _said(request, status, sentence or str(error))

    for kind in _FAULTS:
        app.add_exception_handler(kind, answer)

    places = CapacityLimiter(_AT_ONCE)

    @app.middleware("http")
    async def _(request: Request, call_next: RequestResponseEndpoint) -> Response:
        answer: Response
        try:
            async with places:
                answer = await call_next(request)
        except Exception as error:
            # A handler would have the server log its words, which may quote a customer.
            _log.error("A page of the console could not be made: %s.", type(error).__name__)
            answer = _said(request, 500, _BROKEN)
        if request.method not in ("GET", "HEAD") and answer.status_code not in (401, 403):
            # Something may have been written.
            app.state.shared_pages.forget()
        return answer


def _said(request: Request, status: int, sentence: str) -> Response:
    root = request.scope.get("root_path", "").rstrip("/")
    return pages.page(
        template="problem", status=status, sentence=sentence, root=root, is_signed_in=status != 401
    )
