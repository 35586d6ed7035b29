"""What to do after a stop, by its code. The run book says the same, and a test keeps the two equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from kraken_import.domain.stops import StopCode

Then: TypeAlias = Literal["clear", "cancel", "nothing"]
"""How a wave goes on after its remedy: its run is cleared, it is cancelled, or it does not go on here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What has happened, what to do about it, and which order follows."""

    happened: str
    to_do: str
    then: Then


_NOT_LET: Final = Remedy(
    happened="a person rejected the wave at the gate, or no answer came in time",
    to_do="what was asked for",
    then="clear",
)

REMEDIES: Final[Mapping[StopCode, Remedy]] = {
    StopCode.UNAUTHORISED: Remedy(
        happened="Kraken refused the token, also after it was read again; or the key that obtains it",
        to_do="put a valid one into the Connection",
        then="clear",
    ),
    StopCode.FORBIDDEN: Remedy(
        happened="the token may not do this: one record after another was answered 403",
        to_do="ask Kraken's support for the data-import permission",
        then="clear",
    ),
    StopCode.SUPPLIER_PAUSED: Remedy(
        happened="the import supplier is paused or complete in Kraken",
        to_do="have it resumed there",
        then="clear",
    ),
    StopCode.SUPPLIER_REFUSED: Remedy(
        happened="Kraken does not take the import supplier of the wave",
        to_do="have it set up there; where it is the wrong one, cancel the wave and plan it with the right "
        "one, in its form or in the Connection's Import suppliers",
        then="clear",
    ),
    StopCode.TASK_PARAMS_REFUSED: Remedy(
        happened="Kraken does not take the mode or the schedule window that creates are sent with; the "
        "reason names which",
        to_do="cancel the wave; plan what is left with another one. If only the start is past by Kraken's "
        "clock: wait until it is here",
        then="cancel",
    ),
    StopCode.ENVELOPE_REFUSED: Remedy(
        happened="Kraken does not find the payload, or the task parameters, where they are sent",
        to_do="change the envelope of the Connection from wrapped to bare, or back",
        then="clear",
    ),
    StopCode.UNREACHABLE: Remedy(
        happened="no answer was usable for as long as is waited for one",
        to_do="check network, proxy, Kraken's status page",
        then="clear",
    ),
    StopCode.MISROUTED: Remedy(
        happened="something else answers at that address: a gateway, a sign-in page",
        to_do="check the address in the Connection",
        then="clear",
    ),
    StopCode.OTHER_KRAKEN: Remedy(
        happened="the Connection leads to another Kraken than the wave was planned for",
        to_do="point it back, or plan a new wave",
        then="clear",
    ),
    StopCode.SEALED: Remedy(
        happened="a payload of the wave is not what was sealed in its row; a task that only lacks the key "
        "says so without stopping the wave",
        to_do="find out who has written to the tracking database; the reason names the row",
        then="clear",
    ),
    StopCode.ERROR_BUDGET: Remedy(
        happened="clearly too many of the last records were refused or failed; the reason names stage, "
        "numbers, codes and paths",
        to_do="mend the causes, in the legacy data or in the mapping",
        then="clear",
    ),
    StopCode.THRESHOLD: Remedy(
        happened="at the gate of an unattended wave: too many were refused before anything was created",
        to_do="mend the causes, and rerun what was refused",
        then="clear",
    ),
    StopCode.REJECTED: _NOT_LET,
    StopCode.NOT_APPROVED: _NOT_LET,
    StopCode.STOP_ALL: Remedy(
        happened="a person stopped everything",
        to_do="ask the person whom the reason names",
        then="clear",
    ),
    StopCode.WINDOW_OVER: Remedy(
        happened="the window in which Kraken may process has ended",
        to_do="cancel the wave; plan what is left with another window",
        then="cancel",
    ),
    StopCode.CANCELLED: Remedy(
        happened="a person cancelled it",
        to_do="nothing: what was not created can be planned again",
        then="nothing",
    ),
    StopCode.CLOSED: Remedy(
        happened="the wave was closed while its run, or a rerun, still had something to create",
        to_do="kraken-migrate wave open, if that is still to go",
        then="clear",
    ),
}


def remedy_of(*, stop_code: str | None) -> Remedy | None:
    """Return what to do after a stop; None where nothing stopped it, or an older version did."""
    return REMEDIES[StopCode(stop_code)] if stop_code in set(StopCode) else None
