"""The stand-in's own endpoints for tests and the demo: its ledger, and faults. Kraken has none of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson

from kraken_import.simulator.faults import Faults, UnknownFault
from kraken_import.simulator.keys import Key
from kraken_import.simulator.replies import KINDS, NO_SUCH_PAGE, Reply
from kraken_import.simulator.store import Store
from kraken_import.simulator.tokens import Issuer
from kraken_import.simulator.visits import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What tests and people look at, and set: everything below `/simulator/`."""

    store: Store
    faults: Faults
    traffic: Traffic
    issuer: Issuer

    def answer(self, *, method: str, path: str, query: bytes, body: bytes, now: float) -> Reply:
        """Answer a request below `/simulator/`."""
        match method, path:
            case "GET", "health":
                return Reply(200, {"status": "ok"})
            case "GET", "ledger":
                return _ledger(
                    store=self.store, traffic=self.traffic, issuer=self.issuer, query=_query(query), now=now
                )
            case "GET", "requests":
                return _requests(traffic=self.traffic, query=_query(query))
            case "GET", "faults":
                return Reply(200, {"faults": [fault.described() for fault in self.faults.active]})
            case "POST", "faults":
                return _set_fault(faults=self.faults, body=body)
            case "DELETE", "faults":
                self.faults.active.clear()
                return Reply(200, {})
            case "POST", "processes":
                return _put_process(store=self.store, body=body, now=now)
            case "DELETE", "processes":
                return _forget_process(store=self.store, body=body)
            case "POST", "tokens":
                return _change_tokens(issuer=self.issuer, body=body)
            case "POST", "reset":
                self._reset()
                return Reply(200, {})
        return NO_SUCH_PAGE

    def _reset(self) -> None:
        self.store.reset()
        self.issuer.reset()
        self.traffic.reset(keys=self.store.processes.numbering)
        self.faults.active.clear()


def _ledger(
    *, store: Store, traffic: Traffic, issuer: Issuer, query: Mapping[str, Sequence[str]], now: float
) -> Reply:
    """How often each key was really created, in the order of the last creates."""
    processes = store.processes
    live_creates, dry_run_creates = processes.creates()
    ledger: dict[str, Any] = {
        "number_of_keys": len(processes),
        "live_creates": live_creates,
        "dry_run_creates": dry_run_creates,
        "created_more_than_once": [key.external_identifier for key in processes.repeated()],
        "seen": traffic.received,
        "most_in_flight": traffic.most_in_flight,
        "in_progress": store.in_progress(now=now),
        "tokens": {"issued": issuer.issued, "refused": issuer.refused_requests},
    }
    if "summary" in query:
        return Reply(200, ledger)
    page = _page(query=query, number=len(processes))
    if isinstance(page, Reply):
        return page
    ledger["keys"] = [
        {
            **process.key._asdict(),
            "created": process.live_creates,
            "refused": traffic.refused(key=process.key),
            "dry_runs": process.dry_run_creates,
            "status": store.status(process=process, now=now),
            "kraken_identifier": process.kraken_identifier,
            "seen": traffic.seen(key=process.key),
        }
        for process in processes.page(start=page.start, stop=page.stop)
    ]
    return Reply(200, ledger)


def _requests(*, traffic: Traffic, query: Mapping[str, Sequence[str]]) -> Reply:
    """How many requests came for each key, with and without an import process, the first key first."""
    page = _page(query=query, number=traffic.number_of_keys())
    if isinstance(page, Reply):
        return page
    keys = [
        {**key._asdict(), "refused": traffic.refused(key=key), "seen": traffic.seen(key=key)}
        for key in traffic.page(start=page.start, stop=page.stop)
    ]
    return Reply(
        200,
        {
            "number_of_keys": traffic.number_of_keys(),
            "seen": traffic.received,
            "most_in_flight": traffic.most_in_flight,
            "keys": keys,
        },
    )


def _query(query: bytes) -> Mapping[str, Sequence[str]]:
    return parse_qs(query.decode("ascii", "replace"))


def _page(*, query: Mapping[str, Sequence[str]], number: int) -> range | Reply:
    """Which keys are asked for, or why that cannot be told."""
    try:
        offset = int(query.get("offset", ["0"])[0])
        limit = int(query.get("limit", [str(number)])[0])
    except ValueError:
        return _wrong("offset and limit are whole numbers.")
    if offset < 0 or limit < 0:
        return _wrong("offset and limit are not negative.")
    return range(offset, offset + limit)


def _set_fault(*, faults: Faults, body: bytes) -> Reply:
    try:
        faults.set(wanted=orjson.loads(body))
    except orjson.JSONDecodeError:
        return _wrong("A fault is a JSON object.")
    except UnknownFault as error:
        return _wrong(str(error))
    return Reply(201, {})


def _put_process(*, store: Store, body: bytes, now: float) -> Reply:
    """Add a process that the client did not create, as other people do at a real Kraken."""
    given = _document(body=body)
    key = _key(given=given)
    identifier, listed = given.get("kraken_identifier"), given.get("listed", 1)
    if key is None or not isinstance(identifier, str | None) or type(listed) is not int or listed < 0:
        return _wrong(
            "A process has resource, import_supplier and external_identifier, if need be kraken_identifier, "
            "and in listed how often it is listed."
        )
    if key.resource not in KINDS:
        return _wrong(f"The resource of a process is {' or '.join(KINDS)}.")
    store.put(key=key, kraken_identifier=identifier, listed=listed, now=now)
    return Reply(201, {})


def _forget_process(*, store: Store, body: bytes) -> Reply:
    key = _key(given=_document(body=body))
    if key is None or store.processes.pop(key, None) is None:
        return Reply(404, {"detail": "There is no such process."})
    return Reply(200, {})


def _change_tokens(*, issuer: Issuer, body: bytes) -> Reply:
    """Change the tokens issued from now on, and end those issued before."""
    given = _document(body=body)
    life, revoke, restore = given.get("life"), given.get("revoke"), given.get("restore")
    if (
        not given.keys() <= {"life", "revoke", "restore", "end"}
        or not (life is None or (type(life) in (int, float) and life > 0))
        or not isinstance(revoke, str | None)
        or not isinstance(restore, str | None)
        or type(given.get("end", False)) is not bool
    ):
        return _wrong(
            "Tokens have a life in seconds, a key or an e-mail address to revoke or to restore, and in end "
            "whether all of them end now."
        )
    if life is not None:
        issuer.life = life
    if revoke is not None:
        issuer.revoke(name=revoke)
    if restore is not None:
        issuer.revoked.discard(restore)
    if given.get("end"):
        issuer.end_tokens()
    return Reply(200, {})


def _wrong(detail: str) -> Reply:
    return Reply(400, {"detail": detail})


def _document(*, body: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _key(*, given: Mapping[str, Any]) -> Key | None:
    parts = [given.get(name) for name in ("resource", "import_supplier", "external_identifier")]
    texts = [part for part in parts if isinstance(part, str) and part]
    return Key(*texts) if len(texts) == len(parts) else None
