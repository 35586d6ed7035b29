"""What people are told about parked records: what Kraken says of them now, and what to do."""

from __future__ import annotations

from typing import Final

from kraken_import.client.answers import Answer, NotFound, ProcessStatus
from kraken_import.tracking.reconciliation import Difference, KnownRecord

_TO_DO: Final = {
    "create_never_takes_effect": (
        "Look in the record's answers for what Kraken says about its create, correct the payload or have "
        "Kraken corrected, and rerun it."
    ),
    "forbidden": (
        "Ask the operators of the firewall before Kraken what in the record it blocks, and rerun it."
    ),
    "hidden_by_rehearsal": (
        "Kraken shows a later rehearsal in its place: ask Kraken whether it has a live import of it, and "
        "decide as they say."
    ),
    "import_process_not_found": (
        "Kraken accepted it and no longer knows it: ask Kraken what became of it, and decide as they say. "
        "Do not have it created again before they have answered."
    ),
    "never_answered": (
        "Ask Kraken whether it has the record, and decide as they say; a rerun asks Kraken again."
    ),
}
_ELSE: Final = "Ask Kraken whether it has the record, and decide as they say, or rerun it."


def to_do(*, code: str) -> str:
    """Return what a person is to do about records that are parked for this cause, in a sentence or two."""
    return _TO_DO.get(code, _ELSE)


def parked_difference(*, known: KnownRecord, answer: Answer) -> Difference:
    """Return the difference that a parked record is until it is freed, with what Kraken says of it now.

    It may be parked because no answer about it is usable: other records are still compared.
    """
    match answer:
        case ProcessStatus(status=status):
            theirs = status
        case NotFound():
            theirs = "unknown"
        case _:
            theirs = "no usable answer"
    return Difference(
        kind="parked_record",
        external_identifier=known.external_identifier,
        ours=known.state.value,
        theirs=theirs,
    )
