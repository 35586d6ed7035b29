"""What each role of the tracking database may do with every object of schema `migration`.

Each upgrade ends by granting exactly what stands here. A table, view, sequence or function that a migration
adds needs its line: without one no role but the owner's can use it, and a test names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

OWNER: Final = "migration_owner"
APP: Final = "migration_app"
READER: Final = "migration_reader"
AUDITOR: Final = "migration_auditor"
GROUPS: Final = (OWNER, APP, READER, AUDITOR)

Privileges: TypeAlias = frozenset[str]

_NONE: Final[Privileges] = frozenset()
_READ: Final[Privileges] = frozenset({"SELECT"})
_APPEND: Final[Privileges] = _READ | {"INSERT"}
_CHANGE: Final[Privileges] = _APPEND | {"UPDATE"}
_REPLACE: Final[Privileges] = _APPEND | {"DELETE"}
_KEEP: Final[Privileges] = _CHANGE | {"DELETE"}
_CALL: Final[Privileges] = frozenset({"EXECUTE"})
_NUMBER: Final[Privileges] = frozenset({"USAGE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the three roles that do not own an object may do with it."""

    app: Privileges = _NONE
    reader: Privileges = _NONE
    auditor: Privileges = _NONE

    def of_roles(self) -> dict[str, Privileges]:
        """Return the privileges by role, without roles that have none."""
        rights = {APP: self.app, READER: self.reader, AUDITOR: self.auditor}
        return {role: privileges for role, privileges in rights.items() if privileges}


_HISTORY: Final = Rights(app=_APPEND, reader=_READ, auditor=_READ)
"""Append-only: who decided, ordered or changed what."""
_STANDING: Final = Rights(app=_CHANGE, reader=_READ)

TABLES: Final[Mapping[str, Rights]] = {
    "answer": Rights(app=_APPEND),
    "batch": Rights(app=_CHANGE, reader=_READ, auditor=_READ),
    "batch_frame": Rights(app=_REPLACE, reader=_READ),
    "batch_money": Rights(app=_REPLACE, reader=_READ),
    "cohort": Rights(app=_KEEP, reader=_READ),
    "cohort_customer": _STANDING,
    "console_action": Rights(app=_CHANGE, reader=_READ, auditor=_READ),
    "erased_money": Rights(app=_READ, reader=_READ),
    "erasure": Rights(app=_READ, reader=_READ, auditor=_READ),
    "erasure_key": Rights(),
    "event_archive": _HISTORY,
    "hand_back": _STANDING,
    "handed_on": _HISTORY,
    "handed_on_money": _HISTORY,
    "import_attempt": _STANDING,
    "import_error": Rights(app=_APPEND, reader=_READ),
    "import_event": _HISTORY,
    "import_process": _STANDING,
    "installation": Rights(app=_KEEP, reader=_READ),
    "kraken_load": _STANDING,
    "kraken_minute": Rights(app=_KEEP, reader=_READ),
    "kraken_share": Rights(app=_KEEP, reader=_READ),
    "late_change": Rights(app=_KEEP, reader=_READ),
    "legacy_hold": _STANDING,
    "hold_history": Rights(app=_READ, reader=_READ, auditor=_READ),
    "legal_hold": Rights(app=_APPEND, reader=_READ),
    "money_part": Rights(app=_READ, reader=_READ),
    "outage": _STANDING,
    "payload": Rights(app=_APPEND),
    "personal_look": _HISTORY,
    "preflight": _HISTORY,
    "preflight_cause": _HISTORY,
    "purged_money": _HISTORY,
    "reconciliation": _HISTORY,
    "reconciliation_difference": _STANDING,
    "record_decision": _HISTORY,
    "record_money": Rights(app=_KEEP, reader=_READ),
    "rerun": Rights(app=_CHANGE, reader=_READ, auditor=_READ),
    "rerun_decision": _HISTORY,
    "rerun_item": Rights(app=_APPEND, reader=_READ),
    "retention": _HISTORY,
    "restored": Rights(app=_CHANGE, reader=_READ, auditor=_READ),
    "restored_proof": _HISTORY,
    "schema_version": Rights(app=_READ, reader=_READ, auditor=_READ),
    "selection": Rights(app=_APPEND, reader=_READ),
    "selection_record": Rights(app=_APPEND, reader=_READ),
    "shared_value": Rights(app=_REPLACE),
    "state_count": Rights(app=_APPEND, reader=_READ),
    "stop_order": _HISTORY,
    "told": Rights(app=_KEEP, reader=_READ),
    "wave": Rights(app=_CHANGE, reader=_READ, auditor=_READ),
    "wave_control": _HISTORY,
    "wave_decision": _HISTORY,
    "wave_key": Rights(app=_APPEND),
    "wave_progress": Rights(app=_READ, reader=_READ),
    "wave_purge": _HISTORY,
    "wave_refused_approval": _HISTORY,
}
"""Tables and views. A partition has no line: what may be done with it is what its parent allows."""

SEQUENCES: Final[Mapping[str, Rights]] = {
    "occasion": Rights(app=_NUMBER),
    "question": Rights(app=_NUMBER),
}
"""Sequences of their own; one that numbers an identity column needs no right."""

_BOTH: Final = Rights(app=_CALL, reader=_CALL)

FUNCTIONS: Final[Mapping[str, Rights]] = {
    "add_partitions": Rights(app=_CALL),
    "blank_details": Rights(app=_CALL),
    "count_states": Rights(),
    "delete_archived": Rights(app=_CALL),
    "delete_compared": Rights(app=_CALL),
    "destroy_key": Rights(app=_CALL),
    "drop_answers": Rights(app=_CALL),
    "drop_partitions": Rights(app=_CALL),
    "end_hold": Rights(app=_CALL),
    "erase": Rights(),
    "erased_token": Rights(),
    "gather_counts": Rights(app=_CALL),
    "hindrance": _BOTH,
    "holds_on": Rights(app=_CALL),
    "is_erased": _BOTH,
    "is_over": Rights(),
    "is_purged": Rights(),
    "left_records": _BOTH,
    "leftovers": _BOTH,
    "licence": _BOTH,
    "looks_up_first": _BOTH,
    "may_create": _BOTH,
    "next_look": _BOTH,
    "next_try": _BOTH,
    "present": _BOTH,
    "refuse_change": Rights(),
    "refuse_deletion": Rights(),
    "refuse_foreign_key": Rights(),
    "refuse_marking": Rights(),
    "refuse_unarchived": Rights(),
    "still_to_come": _BOTH,
}
"""Functions, by name. One that a trigger calls needs no right."""

DECLARED: Final = {"TABLE": TABLES, "SEQUENCE": SEQUENCES, "FUNCTION": FUNCTIONS}
SCHEMA: Final = Rights(app=_NUMBER, reader=_NUMBER, auditor=_NUMBER)
