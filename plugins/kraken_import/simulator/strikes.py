"""What the active faults do to a request, stage by stage. Called only while there are any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from kraken_import.simulator import replies
from kraken_import.simulator.faults import Fault, Faults
from kraken_import.simulator.processes import Process
from kraken_import.simulator.replies import Reply
from kraken_import.simulator.rules.declared import Objection
from kraken_import.simulator.store import Store
from kraken_import.simulator.visits import Cut, Dropped, Traffic, Visit

_BEFORE: Final = {"PENDING": None, "IN_PROGRESS": "PENDING"}
"""The status before each; before an end it is IN_PROGRESS."""


class Recreation(NamedTuple):
    """How a create meets an existing process; None is the store's usual way."""

    accepted: bool | None = None
    in_place: bool = False
    has_event: bool = False
    is_forgotten: bool = False


@dataclass(slots=True, kw_only=True)
class Strikes:
    """The faults, and the parts of the stand-in that they need."""

    faults: Faults
    store: Store
    traffic: Traffic

    def upload(self, *, visit: Visit) -> None:
        """While the body is on its way. Raises `Dropped`."""
        if struck := self._struck("drop_upload", visit):
            raise Dropped(struck.how)

    def gate(self, *, visit: Visit) -> Reply | None:
        """Apply what is in front of Kraken. Returns a reply if the request is stopped. Raises `Dropped`."""
        if skew := self._struck("skew", visit, lambda fault: fault.how == "clock"):
            visit.shift = skew.seconds
        if skew := self._struck("skew", visit, lambda fault: fault.how == "created_at"):
            visit.created_shift = skew.seconds
        visit.is_dated = self._struck("no_date", visit) is None
        if struck := self._struck("maintenance", visit):
            if struck.how in ("close", "reset"):
                raise Dropped(struck.how)
            reply = replies.broken(status=struck.code, retry_after=_retry_after(struck, visit))
            return reply if struck.how == "json" else replies.garbled(how="html", reply=reply)
        too_many = self._struck("limit_in_flight", visit, lambda fault: self.traffic.in_flight > fault.most)
        if too_many:
            return replies.throttled(status=too_many.code, retry_after=_retry_after(too_many, visit))
        return None

    async def before(self, *, visit: Visit) -> Reply | None:
        """Before any operation takes effect: the reply that takes its place. Raises `Dropped`."""
        if struck := self._struck("late", visit):
            await self._be_late(struck, visit)
        if self._struck("hang", visit):
            await visit.gone()
            raise Dropped("close")
        if struck := self._struck("drop_before", visit):
            raise Dropped(struck.how)
        if struck := self._struck("error", visit):
            if struck.named and visit.key is not None:
                problem = Objection(path=struck.path, code=struck.named, message=struck.words)
                return replies.refused(resource=visit.key.resource, style="auto", problems=[problem])
            after = _retry_after(struck, visit)
            return replies.broken(status=struck.code, retry_after=after, words=struck.words)
        if struck := self._struck("garbled", visit, lambda fault: not fault.effect):
            return replies.garbled(how=struck.how, reply=replies.broken(status=struck.code or 502))
        for kind, reply in (
            ("unauthorised", replies.EXPIRED_TOKEN),
            ("forbidden", replies.FORBIDDEN),
            ("supplier_paused", replies.SUPPLIER_PAUSED),
        ):
            if self._struck(kind, visit):
                return reply
        if struck := self._struck("throttle", visit):
            return replies.throttled(retry_after=_retry_after(struck, visit))
        return None

    def create(self, *, visit: Visit, now: float) -> Reply | None:
        """Before a create takes effect: the reply that takes its place."""
        if self._struck("failed_validation", visit):
            return replies.FAILED_VALIDATION
        limit = self._struck(
            "limit_in_progress", visit, lambda fault: self.store.in_progress(now=now) >= fault.most
        )
        if limit:
            return replies.throttled(retry_after=_retry_after(limit, visit))
        elsewhere = self._struck("imported_elsewhere", visit)
        if elsewhere is None or visit.key is None:
            return None
        if elsewhere.kraken_identifier:
            self.store.put(key=visit.key, kraken_identifier=elsewhere.kraken_identifier, listed=1, now=now)
        self.traffic.refuse(key=visit.key)
        other = elsewhere.account_id or f"ELSEWHERE-{visit.key.external_identifier}"
        return replies.already_imported(key=visit.key, account_id=other, supply_point_identifier=other)

    def recreation(self, *, visit: Visit, process: Process, now: float) -> Recreation:
        """How a create meets a process of its key."""
        if self._struck("forgotten", visit, lambda fault: fault.how == "accept"):
            return Recreation(accepted=True, is_forgotten=True)
        if self.store.status(process=process, now=now) != "ERRORED":
            return Recreation()
        struck = self._struck("recreate", visit)
        if struck is None:
            return Recreation()
        return Recreation(
            accepted=struck.how != "refuse", in_place=struck.how == "in_place", has_event=struck.event
        )

    def is_hidden(self, *, visit: Visit, process: Process, now: float) -> bool:
        """Return whether the status endpoint hides a process."""
        age = now - process.started_at
        return (
            self._struck("invisible", visit, lambda fault: age < fault.seconds) is not None
            or self._struck("forgotten", visit) is not None
        )

    def status(self, *, visit: Visit, process: Process, status: str) -> str:
        """Return the name of the status that is shown for a process."""
        before = _BEFORE.get(status, "IN_PROGRESS")
        # It goes back only from a status that the client has seen.
        back = process.shown == status and before is not None
        if before and back and self._struck("backwards", visit, lambda fault: fault.status in (None, status)):
            return before
        order = ("PENDING", "IN_PROGRESS", status)
        endless = self._struck(
            "never_ends", visit, lambda fault: order.index(str(fault.status)) < order.index(status)
        )
        if endless:
            return str(endless.status)
        unknown = self._struck("unknown_status", visit)
        if unknown and unknown.words:
            # As Kraken does when processing ends: what it says is kept with the process.
            error = ("customer_not_valid", f"Not accepted: {unknown.words}.")
            self.store.processes[process.key] = process._replace(error=error)
        return str(unknown.status) if unknown else status

    async def after(self, *, visit: Visit, reply: Reply) -> Reply:
        """Apply faults to an answer. Raises `Dropped` or `Cut`."""
        if visit.is_silent:
            await visit.gone()
            raise Dropped("close")
        if struck := self._struck("slow", visit):
            await self._pause(struck, visit)
        if reply.status < 400:
            if struck := self._struck("drop_after", visit):
                raise Dropped(struck.how)
            if struck := self._struck("error_after", visit):
                return replies.broken(status=struck.code, retry_after=_retry_after(struck, visit))
        if struck := self._struck("garbled", visit, lambda fault: fault.effect):
            status = struck.code or reply.status
            reply = replies.garbled(how=struck.how, reply=reply._replace(status=status))
        if struck := self._struck("drop_status_line", visit):
            raise Cut(reply=reply, in_body=False, how=struck.how)
        if struck := self._struck("drop_body", visit):
            raise Cut(reply=reply, in_body=True, how=struck.how)
        return reply

    async def _be_late(self, struck: Fault, visit: Visit) -> None:
        """Delay the effect, with or without the client."""
        if struck.how in ("close", "reset"):
            await visit.drop(how=struck.how)
        visit.is_silent = struck.how == "silence"
        await self._pause(struck, visit)

    async def _pause(self, struck: Fault, visit: Visit) -> None:
        """Wait. Raises `Dropped` if everything was forgotten meanwhile: the process would come back."""
        resets = self.store.resets
        await visit.pause(seconds=struck.seconds)
        if self.store.resets != resets:
            raise Dropped("close")

    def _struck(self, kind: str, visit: Visit, where: Callable[[Fault], bool] | None = None) -> Fault | None:
        return self.faults.strikes(
            kind=kind, operation=visit.operation, key=visit.key, number=visit.number, where=where
        )


def _retry_after(fault: Fault, visit: Visit) -> tuple[bytes, bytes] | None:
    return replies.retry_after(form=fault.retry_after, seconds=fault.seconds, now=visit.now)
