"""A round's checks beyond comparing tracking and ledger: every claimed customer ends as it must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from proofs.comparing import Booked, Comparison, Key, Tracked, compare


def judge(
    *,
    tracked: Iterable[Tracked],
    ledger: Iterable[Booked],
    before: Mapping[Key, int],
    claimed: int,
    unexpected: Sequence[str],
) -> Comparison:
    """Compare a wave that claimed so many customers with the ledger as it was before it and as it is now.

    `unexpected` says which customers ended otherwise than the generator knows. Returns every disagreement: a
    customer without a record counts as lost, an unexpected end as wrong, and a parked record as open, since
    all that strikes a round passes by itself.
    """
    found = compare(tracked=tracked, ledger=ledger, before=before)
    unrecorded = (f"{claimed:,} customers are claimed, and {found.records:,} have a record.",)
    return replace(
        found,
        lost=(*(unrecorded if claimed != found.records else ()), *found.lost),
        wrong=(*found.wrong, *unexpected),
        still_open=(*found.still_open, *found.parked),
        parked=(),
    )
