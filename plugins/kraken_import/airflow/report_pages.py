"""Serves reports in Airflow's web server, to users who may read the DAG of the wave."""

from __future__ import annotations

from typing import Final

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Response

from kraken_import.airflow.renewing import renew
from kraken_import.airflow.storage import PAGE, read_report, wave_of

PREFIX: Final = "/migration-reports"

_TYPES: Final = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}

# A plugin's application is open to every visitor unless it asks for a user itself.
app = FastAPI(title="Migration reports", docs_url=None, redoc_url=None, openapi_url=None)


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
    return Response(
        content,
        media_type=kind,
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
