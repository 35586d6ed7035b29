"""Serves reports in Airflow's web server, to users who may read the DAG of the wave."""

from __future__ import annotations

from typing import Final

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Response

from kraken_import.airflow.renewing import UnableToMakePage, page_of, renew
from kraken_import.airflow.storage import PAGE, read_report, wave_of

PREFIX: Final = "/migration-reports"

RUN_PAGE: Final = "migration-reports/{DAG_ID}/runs/{RUN_ID}"
"""Address of a run's page, as Airflow fills it in for a tab."""

_NONE: Final = (
    "<!DOCTYPE html><title>Wave report</title><p>This run has no wave and no rerun, or none yet: the log of "
    "its task plan says why."
)
_UNABLE: Final = (
    "<!DOCTYPE html><title>Wave report</title><p>This page cannot be made now, which says nothing of the "
    "run: see whether the tracking database answers (<code>kraken-migrate doctor</code>), and open it again."
)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_TYPES: Final = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}

# A plugin's application is open to every visitor unless it asks for a user itself.
app = FastAPI(title="Migration reports", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/{dag_id}/runs/{run_id:path}", dependencies=[Depends(requires_access_dag(method="GET"))])
def run_page(dag_id: str, run_id: str) -> Response:
    """Return the page of a run's wave or rerun as it stands now: what its tab in Airflow shows."""
    try:
        page = page_of(dag_id=dag_id, run_id=run_id)
    except UnableToMakePage:
        return Response(_UNABLE, status_code=503, media_type=_TYPES["html"], headers=_HEADERS)
    return Response(_NONE if page is None else page, media_type=_TYPES["html"], headers=_HEADERS)


@app.get("/{dag_id}/{folder}/{name}", dependencies=[Depends(requires_access_dag(method="GET"))])
def report_file(dag_id: str, folder: str, name: str) -> Response:
    """Return a page or a table of a report; the page is written again when it is opened."""
    kind = _TYPES.get(name.rpartition(".")[2])
    wave_id = wave_of(folder=folder)
    if name == PAGE and wave_id is not None:
        renew(dag_id=dag_id, wave_id=wave_id)
    content = None if kind is None else read_report(dag_id=dag_id, folder=folder, name=name)
    if content is None:
        raise HTTPException(status_code=404, detail="There is no such report.")
    return Response(content, media_type=kind, headers=_HEADERS)
