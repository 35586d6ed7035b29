"""The records and waves that the statements of `sql/tracking` are run for, and their named parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from benchmarks.growth_fill import Scale
from kraken_import.domain.lifecycle import (
    AWAITING,
    ENDED_AT_KRAKEN,
    FAILED,
    OPEN,
    REBUILDABLE,
    REFUSED,
    REOPENABLE,
    SETTLED,
    SUCCEEDED,
    UNPROVED,
    legal_pairs,
)
from transforms.triage import FURTHER, MOST_CODES, TOLD_APART

About: TypeAlias = Literal[
    "one", "page", "batch", "wave", "five waves", "rerun", "at work", "supplier", "listing", "waves", "all"
]
"""What a statement works on: the named records, a batch, a wave, what is open anywhere, and so on.

`supplier` is what live waves of an import supplier have, `listing` what Kraken lists of it; `waves` are
looked at one by one, whatever they have.
"""

LISTED: Final = 100_000
"""Accounts of an import supplier that Kraken lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The records and waves that the statements are run for. `ended` has ended, `working` is at work."""

    scale: Scale
    ended: int
    working: int
    rerun: int
    of_rerun: int
    """Wave of the rerun."""
    open: int
    cohort: int
    of_supplier: list[int]
    """Live waves of the import supplier of the wave that has ended, and how many records they have."""
    per_supplier: int
    ids: dict[str, list[int]]
    """Import processes: `page` and `parked` of the wave that has ended, and those of the one at work."""
    attempts: dict[str, list[int]]
    batches: dict[str, int]
    """The batch of the first of them."""
    identifiers: list[str]

    @property
    def dialect(self) -> str:
        """The dialect of the wave that has ended."""
        return f"dialect_{(self.ended + 1) // 2 % 5}"

    @property
    def import_supplier(self) -> str:
        """Its import supplier."""
        return f"SUPPLIER_{(self.ended + 1) // 2 % 5}"

    @property
    def listed(self) -> int:
        """Accounts that Kraken lists."""
        return min(LISTED, self.scale.records // 10)

    def records(self, *, about: About, wave_id: int | None) -> int:
        """How many records that is for a statement that names this wave."""
        wave_id = wave_id or self.ended
        return {
            "one": 1,
            "page": len(self.ids["page"]),
            "batch": self.scale.batch_of(wave_id=wave_id),
            "wave": self.scale.size_of(wave_id=wave_id),
            "five waves": self.scale.looked_at + 4 * self.scale.per_wave,
            "rerun": max(1, self.scale.at_work // 20),
            "at work": self.open,
            "supplier": self.per_supplier,
            "listing": self.listed,
            "waves": self.scale.waves,
            "all": self.scale.records,
        }[about]


def defaults(*, sample: Sample) -> dict[str, Any]:
    """Return the named parameters of a statement where its case gives no others."""
    now = datetime.now(UTC)
    return {
        **_lists(sample=sample, now=now),
        "wave_id": sample.ended, "batch": 0, "rerun_id": None, "rerun": sample.rerun,
        "cohort_id": sample.cohort, "target_kraken": "https://kraken:443", "connection_id": "kraken",
        "kraken": None, "mode": "live", "dialect": sample.dialect, "dialects": [sample.dialect],
        "import_supplier": sample.import_supplier, "resource": "accounts",
        "dag_id": f"migrate_{sample.dialect}", "run_id": f"run {sample.ended}",
        "airflow_run": f"run {sample.ended}", "id": sample.ended, "name": f"wave {sample.ended}",
        "external_identifier": sample.identifiers[0], "at": now, "now": None,
        "since": now - timedelta(days=2_000), "before": now, "watermark": now, "built_at": now,
        "planned_at": now, "started_at": now, "origin": now, "day": date(2026, 11, 21),
        "wave_date": date(2099, 1, 1), "schedule_window_start": None, "schedule_window_end": None,
        "lapse": timedelta(minutes=30), "quiet_for": timedelta(0), "patience": timedelta(minutes=30),
        "forgotten_after": timedelta(hours=1), "seconds": 300, "key": 7, "cleared": None, "by": 2,
        "most": 1_000, "after": 0, "after_wave": 0, "offset": 0, "size": 1_000, "batch_size": 1_000,
        "window": 200, "requested": None, "requests_in_flight": None, "failure_threshold": Decimal("0.1"),
        "requested_by": None, "require_rehearsal": False, "approval": "unattended", "approval_minutes": 720,
        "package_version": "0.1.0", "mapping_digest": "0123456789abcdef",
        "error_share": Decimal("0.5"), "error_count": None, "error_window": 200, "four_eyes": False,
        "reruns_ask": True, "takes_refused": False, "already_claimed": 0, "customers": 1_000,
        "amount": 1, "subject": "subject", "selection": "{}", "parameters": "{}", "policy": "{}",
        "rule": "all", "planned_by": None, "counts": 1, "code": None, "note": None, "owner": "team",
        "reason": "reason", "stop_reason": "reason", "action": "pause", "ordered_by": "operator",
        "decided_by": "operator", "answered_by": "operator", "decision": "approved", "outcome": "succeeded",
        "said": "absent", "stage": "status", "source": "listing", "is_silent": True, "currency": "EUR",
        "ledger": "", "error_code": None, "error_path": None, "imported": True, "differences": 0,
        "due_for": timedelta(minutes=10), "rest": timedelta(seconds=10), "after_batch": -1, "after_id": 0,
        "holder": "00000000-0000-0000-0000-000000000001", "protocol": 1, "lease": timedelta(minutes=1),
        "wants": 10, "allowed": 128, "requests": 1, "ended_states": "{}",
        "refused_at": None, "streak": 0, "per_second": None, "places": None, "met": False, "calls": 10,
        "new_calls": 10, "step": 1, "usual_seconds": None, "halved_at": None, "pause": 0.0,
        "confirmed": False, "zone": "Europe/London", "more": 100, "listed": sample.listed,
        "extent": "full", "doubts": "0", "compared_at": now, "full_at": now, "copied": b"",
        "told_apart": list(TOLD_APART), "most_codes": MOST_CODES, "further": FURTHER,
    }  # fmt: skip


def _lists(*, sample: Sample, now: datetime) -> dict[str, Any]:
    """Those that are lists: states, and a value for each record of a page."""
    ids, number = sample.ids["page"], len(sample.ids["page"])
    legal_from, legal_to = legal_pairs()
    return {
        "ages": [1, 5, 15, 60], "ids": ids, "attempts": sample.attempts["page"],
        "identifiers": sample.identifiers, "priorities": [1] * number, "strata": ["all"] * number,
        "exclusions": [None] * number, "wave_ids": [sample.ended] * number, "partitions": [sample.ended],
        "reasons": [""] * number,
        "built": ids, "watched": ids, "origins": ["kraken"] * number, "severities": ["error"] * number,
        "codes": ["code_1"] * number, "paths": ["/path"] * number, "indexed_paths": ["/path/0"] * number,
        "details": ["detail"] * number, "domains": [""] * number, "events": [""] * number,
        "named": [True] * number, "bodies": [b"body"] * number, "http_statuses": [200] * number,
        "digests": [b"digest"] * number, "kinds": ["payment"] * number, "changes": [1] * number,
        "first_at": [now] * number, "last_at": [now] * number, "currencies": ["EUR"] * number,
        "ledgers": ["ENERGY"] * number, "batches": [None] * number, "legacy_entries": [1] * number,
        "legacy_cents": [100] * number, "payload_entries": [1] * number, "payload_cents": [100] * number,
        "cents": [None] * number, "ours": ["a"] * number, "theirs": ["b"] * number, "frames": ["frame"],
        "parents": [1], "parents_with_rows": [1], "rows": [1], "squares": [1],
        "from_states": ["parked"] * number, "to_states": ["valid"] * number, "legal_from": legal_from,
        "legal_to": legal_to, "kraken_statuses": ["PROCESSED"] * number,
        "kraken_identifiers": ["A-1"] * number, "adopted": [False] * number,
        "intended": [None] * number, "without": ["cancelled"], "hashes": [b"hash"] * number,
        "sizes": [100] * number, "names": ["work_mem"], "values": ["8MB"], "repeatable": [],
        "rerun_ids": [None] * number, "payload_kinds": ["payload_altered"], "never_created": sorted(REFUSED),
        "in_the_way": [], "left_behind": sorted(REBUILDABLE),
        "answered": sorted(AWAITING | ENDED_AT_KRAKEN), "accepted": sorted(AWAITING | ENDED_AT_KRAKEN),
        "ended_badly": sorted(FAILED), "settled": sorted(SETTLED), "succeeded": sorted(SUCCEEDED),
        "unproved": sorted(UNPROVED), "rebuildable": sorted(REBUILDABLE), "reopenable": sorted(REOPENABLE),
        "refused": sorted(REFUSED), "failed": sorted(FAILED), "open": sorted(OPEN), "states": sorted(OPEN),
        "at_kraken": sorted(AWAITING | ENDED_AT_KRAKEN), "ended": sorted(ENDED_AT_KRAKEN | REBUILDABLE),
    }  # fmt: skip
