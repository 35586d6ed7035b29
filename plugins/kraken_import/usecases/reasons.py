"""Explains why Kraken has a record in its state, as far as the status endpoint says. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kraken_import.client.answers import ProcessStatus
from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, FAILED, State
from transforms.findings import Finding

_UNRECOGNISED: Final = Finding.of_record(
    code="unrecognised_status", detail="Kraken named a status that is not in its guides."
)
_WITHOUT_A_REASON: Final = Finding.of_record(
    code="errored_without_a_reason",
    detail="Kraken ended the import with an error and does not say why: ask its support.",
)


def reasons(*, answer: ProcessStatus, state: State) -> tuple[Finding, ...]:
    """Return the latest error, and what else the latest event says, of a record that has ended as `state`.

    An error without either is reported as such. Each finding has the name of the event.
    """
    found: list[Finding] = []
    if state is State.UNRECOGNISED:
        found = [_UNRECOGNISED]
    elif state in ENDED_AT_KRAKEN and answer.latest_error is not None:
        found = [answer.latest_error]
    event = answer.latest_event
    if event is not None and state in FAILED:
        said = {(each.code, each.detail) for each in found}
        found += [each for each in event.findings if (each.code, each.detail) not in said]
    if not found and state in (State.ERRORED, State.DRY_RUN_ERRORED):
        found = [_WITHOUT_A_REASON]
    return tuple(found if event is None else (replace(each, event=event.name) for each in found))
