"""What tests and the demo ask the stand-in itself: its ledger, and faults. Kraken has none of this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import orjson

from simulator.faults import Faults, UnknownFault
from simulator.replies import NO_SUCH_PAGE, Reply
from simulator.store import Store


def answer(
    *, method: str, path: str, query: bytes, body: bytes, store: Store, faults: Faults, now: float
) -> Reply:
    """Answer a request below `/simulator/`."""
    match method, path:
        case "GET", "health":
            return Reply(200, {"status": "ok"})
        case "GET", "ledger":
            return _ledger(store=store, query=parse_qs(query.decode("ascii", "replace")), now=now)
        case "GET", "faults":
            return Reply(200, {"faults": [fault.described() for fault in faults.active]})
        case "POST", "faults":
            return _set_fault(faults=faults, body=body)
        case "DELETE", "faults":
            faults.active.clear()
            return Reply(200, {})
        case "POST", "reset":
            store.reset()
            faults.active.clear()
            return Reply(200, {})
    return NO_SUCH_PAGE


def _ledger(*, store: Store, query: Mapping[str, Sequence[str]], now: float) -> Reply:
    """How often each key was really created, in the order of the last creates."""
    processes = store.processes
    ledger: dict[str, Any] = {
        "number_of_keys": len(processes),
        "live_creates": sum(process.live_creates for process in processes.values()),
        "dry_run_creates": sum(process.dry_run_creates for process in processes.values()),
        "created_more_than_once": [
            key.external_identifier for key, process in processes.items() if process.live_creates > 1
        ],
    }
    if "summary" in query:
        return Reply(200, ledger)
    try:
        offset = int(query.get("offset", ["0"])[0])
        limit = int(query.get("limit", [str(len(processes))])[0])
    except ValueError:
        return Reply(400, {"detail": "offset and limit are whole numbers."})
    if offset < 0 or limit < 0:
        return Reply(400, {"detail": "offset and limit are not negative."})
    ledger["keys"] = [
        {
            "resource": key.resource,
            "import_supplier": key.import_supplier,
            "external_identifier": key.external_identifier,
            "created": process.live_creates,
            "refused": process.refused_creates,
            "dry_runs": process.dry_run_creates,
            "status": store.status(process=process, now=now),
        }
        for key, process in list(processes.items())[offset : offset + limit]
    ]
    return Reply(200, ledger)


def _set_fault(*, faults: Faults, body: bytes) -> Reply:
    try:
        faults.set(wanted=orjson.loads(body))
    except orjson.JSONDecodeError:
        return Reply(400, {"detail": "A fault is a JSON object."})
    except UnknownFault as error:
        return Reply(400, {"detail": str(error)})
    return Reply(201, {})
