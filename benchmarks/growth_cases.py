"""With which parameters each statement of `sql/tracking` is explained, and how many records it is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from benchmarks.growth_sample import About, Sample
from kraken_import.domain.lifecycle import ASKED, AWAITING, SETTLED, UNDONE, State
from kraken_import.tracking import copies
from kraken_import.tracking.board import OVER
from kraken_import.tracking.cutover import LEFTOVERS

MAINTENANCE: Final[Mapping[str, str]] = {
    "cohorts.lock_planning": "planning is one transaction at a time",
    "waves.close_planning": "the plan's own rows have no statistics before it commits",
    "waves.merge_batches": "once or twice in a plan that takes all customers",
    "purge.delete_amounts": "once in the life of a wave",
    "purge.delete_digests": "once in the life of a wave",
    "purge.drop_partitions": "once in the life of a wave",
    "retention.delete_digests": "once in the life of a wave, a page at a time",
    "retention.blank_details": "once in the life of a wave, a page at a time",
    "retention.drop_answers": "once in the life of a wave",
    "waves.add_partitions": "once in the life of a wave",
    "reruns.select_items by state": "a rerun of all failures of a dialect reads its waves that are open",
    "reruns.select_items by code": "a rerun of all failures of a dialect reads its waves that are open",
    "cohorts.judge_selection": "a plan judges every customer that it selects",
}
"""Statements that may take longer, or read more, than the others, and why."""


OWN_LIMITS: Final[Mapping[str, float]] = {"processes.record_build": 75.0}
"""Statements with a different limit, in milliseconds a thousand records.

A build writes the record with four indexes, an event and an attempt: 31 ms a thousand by itself (25 with a
hundred thousand records in all), 51 to 64 among all other statements on a machine with other work.
"""


Values: TypeAlias = Callable[[Sample], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to run a statement. `before` names statements of the same file that must have run."""

    about: About
    label: str = ""
    values: Values = field(default=lambda _: {})
    before: tuple[str, ...] = ()


def _of(kind: str) -> Values:
    """The parameters that make a statement work on records of the wave at work."""
    return lambda sample: {
        "wave_id": sample.working,
        "ids": sample.ids[kind],
        "attempts": sample.attempts[kind],
        "states": [State.VALID.value],
        "batch": sample.batches[kind],
        "wave_ids": [sample.working] * len(sample.ids[kind]),
        "partitions": [sample.working],
        **{
            name: [value] * len(sample.ids[kind])
            for name, value in {
                "to_states": {"build": "built", "valid": "creating"}.get(kind, "processed"),
                "kraken_statuses": "PROCESSED",
                "kraken_identifiers": "A-1",
                "adopted": False,
                "doubts": 0,
                "intended": None,
                "codes": None,
                "paths": None,
                "hashes": b"hash",
                "sizes": 100,
            }.items()
        },
    }


def _in(kind: str, states: Collection[State]) -> Values:
    return lambda sample: {
        "wave_id": sample.working,
        "batch": sample.batches[kind],
        "states": sorted(states),
    }


def _rerun(sample: Sample) -> dict[str, Any]:
    return {"rerun_id": sample.rerun, "wave_id": sample.of_rerun, "states": sorted(State)}


def _new(sample: Sample) -> dict[str, Any]:
    return {
        "wave_id": sample.working,
        "identifiers": [f"NEW-{number}" for number in range(len(sample.ids["page"]))],
    }


def _anywhere(sample: Sample) -> dict[str, Any]:
    anything = dict.fromkeys(("wave_id", "batch", "identifiers", "states", "selection_id"))
    return {**anything, "rerun_id": sample.rerun}


def _action(sample: Sample) -> Mapping[str, Any]:
    """An order of the console."""
    return {
        "id": "00000000-0000-0000-0000-000000000001",
        "kind": "pause",
        "wave_id": sample.working,
        "dialects": ["edf_accounts"],
        **dict.fromkeys(("selection_id", "records", "dag_id", "run_id")),
        **dict.fromkeys(("scope", "reason", "ordered_by", "result"), "told"),
        "outcome": "done",
        "asked_for": "{}",
    }


def _keys(sample: Sample) -> dict[str, Any]:
    """A wave that is being planned, a key that has wrapped none, and every wave's key to be wrapped."""
    waves = range(1, sample.scale.waves)
    return {
        "wave_id": sample.scale.waves + 1,
        "wrapped_by": "another",
        "secret": b"secret",
        "wave_ids": [*waves],
        "old": [b"secret" for _ in waves],
        "secrets": [b"secret" for _ in waves],
    }


def _plain(file: str, about: About, names: str, values: Values = lambda _: {}) -> dict[str, tuple[Case, ...]]:
    return {f"{file}.{name}": (Case(about=about, values=values),) for name in names.split()}


def _both(file: str, about: About, names: str, values: Values) -> dict[str, tuple[Case, ...]]:
    """For a wave's own run, and for a rerun."""
    return {
        f"{file}.{name}": (
            Case(about=about, values=values),
            Case(about=about, label="of a rerun", values=lambda sample: {**_rerun(sample), **values(sample)}),
        )
        for name in names.split()
    }


def _archived(_: Sample) -> dict[str, Any]:
    return {
        "file": "file",
        "sha256": b"sha256",
        "events": 1,
        "last_event_id": 2**62,
        "archived_by": "operator",
    }


def _put_back(sample: Sample) -> dict[str, Any]:
    ids = sample.ids["parked"]
    return {"ids": ids, "attempts": sample.attempts["parked"], "to_states": ["valid"] * len(ids)}


def _copied(sample: Sample) -> dict[str, Any]:
    return {"copied": "".join(f"t\t{identifier}\tA-1\n" for identifier in sample.identifiers).encode()}


def _payloads(sample: Sample) -> dict[str, Any]:
    """Payloads of a try that has none yet."""
    wave, at = copies.bigint(sample.ended), copies.timestamptz(datetime.now(UTC))
    body = copies.bytea(bytes(1_400))
    fields = ((wave, copies.bigint(each), copies.integer(99), body, at) for each in sample.ids["page"])
    return {"copied": copies.rows(columns=5, fields=fields)}


def _asked(_: Sample) -> dict[str, Any]:
    return {"states": ["processed", "errored", "parked"]}


def _requests(_: Sample) -> dict[str, Any]:
    return {"operations": ["create"], "within_ms": [100], "counts": [7], "refusals": [1]}


def _learnt(_: Sample) -> dict[str, Any]:
    return {"accounts": None}


def _known(sample: Sample) -> dict[str, Any]:
    return {"external_identifier": sample.identifiers[0], "undone": sorted(UNDONE)}


def _settled_customer(_: Sample) -> dict[str, Any]:
    """A customer without records: those of the sample may have one that is open."""
    return {"external_identifier": "NEW-0", "by": "operator"}


def _held(sample: Sample) -> dict[str, Any]:
    return {
        "external_identifier": None,
        "by": "operator",
        "id": 1,
        "ids": sample.ids["page"][:1],
        "reason": "reason",
    }


def _every_wave(sample: Sample) -> dict[str, Any]:
    numbers = range(1, sample.scale.waves + 1)
    return {"wave_ids": list(numbers), "rerun_ids": [None] * len(numbers)}


def _of_supplier(sample: Sample) -> dict[str, Any]:
    return {"wave_ids": sample.of_supplier}


def _chosen(_: Sample) -> dict[str, Any]:
    """A selection."""
    return {
        "selection_id": 1,
        "described": "all",
        "made_by": "operator",
        "kinds": ["rerun"],
        "id": "00000000-0000-0000-0000-000000000001",
    }


def _told(sample: Sample) -> dict[str, Any]:
    return {"id": sample.ids["page"][0], "looked_by": "operator"}


def _left(**given: Any) -> Values:
    """What did not come through of the wave that has ended."""
    criteria = dict.fromkeys(("code", "path", "stage", "state", "ids", "among"))
    return lambda sample: {"wave_ids": [sample.ended], "selection_id": 1, **criteria, **given}


def _listed(_: Sample) -> dict[str, Any]:
    """The first page of the waves that are over."""
    return {"phases": list(OVER), "urgent": [], "mode": None, "before": None, "skipped": 0}


def _caused(sample: Sample) -> dict[str, Any]:
    """All causes of the wave that has ended, and one that it is asked about."""
    sought = {"stage": None, "text": "code", "no_error": "", "codes": ["code_1"], "stages": ["validate"]}
    return {"wave_ids": [sample.ended], "paths": ["/path"], "most": 100, **sought}


def _preflight(_: Sample) -> dict[str, Any]:
    return {
        "customers": 10_000, "rejected": 1, "warned": 0, "checked_by": "ann", "preflight_id": 1,
        "severities": ["error"], "codes": ["required"], "paths": ["name"], "sources": ["legacy.name"],
        "counts": [1],
    }  # fmt: skip


def _left_cases(*, before: tuple[str, ...] = ()) -> tuple[Case, ...]:
    return tuple(
        Case(about="wave", label=label, values=_left(**given), before=before)
        for label, given in {
            "": {},
            "of a cause": {"code": "code_1", "path": "/path", "stage": "validate"},
            "in a state": {"state": "errored"},
        }.items()
    )


_SELECTED: Final = ("begin_selection", "select_page")
_LISTED: Final = ("begin", "list", "aggregate")

CASES: Final[Mapping[str, tuple[Case, ...]]] = {
    **_plain("actions", "one", "begin hold is_held link end find latest", _action),
    **_plain("gate", "one", "word_question worded_question", lambda _: {"subject": "told", "body": "told"}),
    **_plain("board", "waves", "states", lambda s: {"wave_ids": [s.ended]}),
    **_plain("board", "waves", "listing", _listed),
    **_plain("board", "waves", "people money pace", lambda s: {"wave_ids": [s.ended], "latest": 5}),
    **_plain("board", "waves", "reruns_since", lambda s: {"wave_ids": [s.ended]}),
    **_plain("board", "wave", "refused_on_create", lambda s: {"wave_id": s.ended}),
    **_plain("board", "at work", "oldest_open", lambda s: {"wave_ids": [s.working]}),
    **_plain("board", "page", "identifiers"),
    **_plain("board", "one", "present wave_of_run wave_of_rerun"),
    **_plain("board", "one", "log", lambda _: {"under_way": "under way"}),
    **_plain("board", "wave", "batches flow gather", lambda s: {"wave_id": s.ended, "states": list(SETTLED)}),
    **_plain(
        "leftovers",
        "wave",
        "found counts",
        lambda _: {"kinds": list(LEFTOVERS), "whose": None, "picked": None},
    ),
    **_plain(
        "leftovers",
        "wave",
        "own_hand_backs own_late_changes own_differences",
        lambda _: {"whose": None, "picked": None},
    ),
    **_plain("leftovers", "five waves", "of_waves", lambda _: {"before": None, "most": 25}),
    **_plain("leftovers", "wave", "last_listed"),
    **_plain("leftovers", "one", "is_compared_as_a_whole"),
    **_plain("leftovers", "page", "crosswalk_page"),
    **_plain("refusals", "one", "last_wave"),
    **_plain("refusals", "wave", "of_wave"),
    **_plain("traffic", "one", "learnt leased outages"),
    **_plain(
        "traffic", "waves", "krakens at_work flow", lambda _: {"sent": ["creating"], "ended": ["processed"]}
    ),
    **_plain("traffic", "page", "lag taken", lambda s: {"wave_ids": [s.working]}),
    **_plain("archive", "one", "to_archive lock unlock record", _archived),
    **_plain("archive", "wave", "extent export"),
    "archive.delete_events": (Case(about="page", values=_archived, before=("record",)),),
    "budget.recent": tuple(
        Case(about="page", label=label, values=lambda s, v=values: {"wave_id": s.working, **v(s)})
        for label, values in {
            "validate": lambda _: {"stage": "validate"},
            "load": lambda _: {"stage": "load"},
            "load of a rerun": lambda s: {"stage": "load", "rerun_id": s.rerun},
        }.items()
    ),
    **_both("budget", "page", "answered", lambda s: {"wave_id": s.working}),
    **_plain(
        "cohorts", "one", "begin_selection lock_planning name_is_taken of_another_kind lock_dated lock_named"
    ),
    **_plain("cohorts", "wave", "waiting", lambda _: {"dialect": None, "cohort_id": None}),
    **_plain("cohorts", "wave", "strata", lambda s: {"ids": [s.cohort]}),
    **_plain("cohorts", "page", "rehearsed", lambda s: {"cohort_id": s.cohort}),
    **_plain("cohorts", "wave", "to_rehearse", lambda s: {"cohort_id": s.cohort}),
    **_plain("cohorts", "one", "insert_rehearsal", lambda s: {"cohort_id": s.cohort, "name": "another"}),
    **_plain(
        "cohorts", "wave", "insert_to_rehearse", lambda s: {"cohort_id": s.cohort, "rehearsal_id": s.cohort}
    ),
    **_plain("cohorts", "one", "lock_one of_another_kind_there postpone", lambda s: {"cohort_id": s.cohort}),
    **_plain("cohorts", "one", "taken_on mark_claimed", lambda s: {"ids": [s.cohort]}),
    **_plain("cohorts", "wave", "size customers", lambda s: {"ids": [s.cohort]}),
    **_plain("cohorts", "one", "insert_cohort", lambda _: {"name": "another"}),
    "cohorts.select_page": (Case(about="page", before=_SELECTED[:1]),),
    "cohorts.judge_selection": (Case(about="page", values=_new, before=_SELECTED),),
    "cohorts.take_selection": (Case(about="page", values=_new, before=(*_SELECTED, "judge_selection")),),
    "cohorts.count_selection": (Case(about="page", before=_SELECTED),),
    "cohorts.insert_customers": (
        Case(about="page", values=_new, before=(*_SELECTED, "judge_selection", "take_selection")),
    ),
    **_plain("cohorts", "page", "unplanned"),
    **_plain("comparisons", "supplier", "standings", _of_supplier),
    **_plain(
        "comparisons",
        "one",
        "record_run",
        lambda _: {"counts": "{}", "watermark": "watermark", "visible_until": None},
    ),
    **_plain("comparisons", "one", "last_run"),
    **_plain("control", "one", "pause resume cancel known_krakens stop_all record"),
    **_plain("control", "wave", "lock"),
    **_plain(
        "cutover",
        "wave",
        "crosswalk list_hand_backs resolve_hand_backs hand_backs undecided forget_unwatched",
    ),
    **_plain(
        "cutover", "wave", "late_changes unowned_hand_back unowned_late_change unowned_difference records_in"
    ),
    **_plain("cutover", "wave", "own_hand_back own_late_change own_difference"),
    **_plain("cutover", "page", "list_late_changes"),
    **_plain("cutover", "page", "to_watch", lambda _: {"states": ["processed"]}),
    "cutover.differences": (
        Case(about="wave", values=lambda _: {"dialect": None}),
        Case(about="wave", label="of all", values=lambda _: {"wave_id": None}),
    ),
    **_plain("cutover", "one", "own_without_wave lock_wave running_reruns close open_again"),
    **_plain("cutover", "one", "note_hand_backs_listed note_late_changes_listed"),
    **_plain("decisions", "page", "find hold record"),
    **_plain("decisions", "one", "put_back", _put_back),
    **_plain("erasure", "one", "may_erase lock suppliers records kraken_identifiers token", _known),
    "erasure.erase": (Case(about="one", values=_settled_customer),),
    **_plain("evidence", "page", "payloads_of payloads_and_earlier restored insert_errors insert_answers"),
    **_plain("evidence", "page", "copy_payloads", _payloads),
    **_plain("frame_rows", "one", "clear add of_wave of_last_rehearsal"),
    **_plain("frame_rows", "wave", "of_rehearsal"),
    **_plain(
        "gate",
        "wave",
        "refused unrehearsed ask causes compare_with_rehearsal",
        lambda s: {"wave_id": s.working},
    ),
    **_plain("gate", "rerun", "ask_for_rerun"),
    **_both("gate", "wave", "uncovered batches_covered", lambda s: {"wave_id": s.working, "batch": None}),
    **_plain("gate", "one", "decide decision askers cohorts refuse_approval approve decide_rerun"),
    **_plain("gate", "one", "approve_rerun rerun_decision"),
    **_plain("gate", "five waves", "rate"),
    "gate.tries": (
        Case(about="one"),
        Case(about="one", label="of any Kraken", values=lambda _: {"target_kraken": None}),
    ),
    **_plain("gate", "page", "last_payload"),
    **_plain("holds", "page", "mark released"),
    "holds.keep": (
        Case(about="at work", values=lambda _: {"wave_id": None}),
        Case(about="wave", label="of a wave"),
    ),
    "holds.to_release": (
        Case(about="at work", values=lambda _: {"wave_id": None}),
        Case(about="wave", label="of a wave"),
    ),
    **_plain(
        "installation",
        "one",
        "is_fresh schema_version claim renew holder free lock_naming",
        lambda _: {"id": "id"},
    ),
    **_plain("legal_holds", "one", "lock keep_waiting add in_force end of_wave of_customer", _held),
    **_plain("legal_holds", "one", "is_known", _known),
    **_plain("listing", "one", "begin end"),
    "listing.copy": (Case(about="page", values=_copied, before=("begin",)),),
    "listing.forget": (Case(about="listing", before=_LISTED[:2]),),
    "listing.aggregate": (Case(about="listing", before=_LISTED[:2]),),
    "listing.unknown_here": (Case(about="listing", before=_LISTED),),
    "listing.doubled": (Case(about="listing", values=_of_supplier, before=_LISTED),),
    "listing.doubt": (Case(about="supplier", values=_of_supplier, before=_LISTED),),
    "listing.doubt_all": (Case(about="wave", values=_asked, before=("begin",)),),
    "listing.doubts": (Case(about="wave", values=_asked, before=("begin", "doubt_all")),),
    "listing.doubted_page": (Case(about="page", values=_asked, before=("begin", "doubt_all")),),
    "looks.take": tuple(
        Case(
            about="page",
            label=label,
            values=lambda sample, v=values: {**v(sample), **_in("sent", AWAITING)(sample)},
        )
        for label, values in {
            "due": lambda _: {"rest": None},
            "oldest": lambda _: {},
            "due of a rerun": lambda sample: {**_rerun(sample), "rest": None},
            "oldest of a rerun": _rerun,
        }.items()
    ),
    **_both("looks", "batch", "outlook", _in("sent", AWAITING)),
    **_plain("looks", "page", "open_page", _in("sent", ASKED)),
    **_plain("looks", "page", "begin_doubt end_doubt", _of("sent")),
    **_plain("looks", "waves", "waves_with_open_processes"),
    **_plain("looks", "at work", "count_open", lambda s: {"wave_ids": [s.working - 1, s.working]}),
    **_plain("money", "page", "replace_records"),
    **_plain("money", "batch", "clear_batch"),
    "money.sum_batch": (Case(about="batch", before=("clear_batch",)),),
    **_plain("money", "wave", "take_over handed_on by_fate"),
    **_plain("outages", "one", "current meet claim_try finish last_of_connection of_wave"),
    **_plain("overview", "waves", "waves", lambda _: {"wave_ids": None, "dialects": None}),
    **_plain("overview", "waves", "dialects"),
    **_plain("overview", "one", "reruns"),
    **_plain("preflights", "one", "keep latest causes", _preflight),
    **_plain("processes", "page", "claim", _new),
    **_both("processes", "batch", "rebuildable", _in("build", {State.PLANNED, State.BUILT})),
    **_plain("processes", "batch", "refused_unfinished"),
    **_both("processes", "batch", "in_doubt", _in("creating", {State.CREATING})),
    **_both("processes", "batch", "with_payload", _in("valid", {State.VALID})),
    **_plain("processes", "page", "record_build", _of("build")),
    **_both("processes", "batch", "intend", _in("valid", {State.VALID})),
    **_plain("processes", "page", "move", _of("sent")),
    **_plain("processes", "page", "doubt rebase", _of("creating")),
    **_plain("processes", "page", "doubt_built", _of("build")),
    **_plain("processes", "rerun", "free"),
    **_plain("processes", "one", "lock_claiming"),
    **_plain("processes", "one", "present"),
    **_plain("processes", "wave", "any_validated"),
    **_plain("progress", "wave", "states"),
    **_plain("progress", "batch", "batch_states"),
    **_plain("purge", "wave", "lock keep_sums delete_amounts delete_digests blank_settled_differences"),
    **_plain("purge", "one", "record purged_at"),
    "purge.destroy_key": (Case(about="one", before=("record",)),),
    "purge.drop_partitions": (Case(about="one", before=("record",)),),
    **_plain(
        "reconciliation",
        "wave",
        "counts batches attempts money batch_sums resolve open_kinds open_differences",
    ),
    "reconciliation.scope": (
        Case(about="one"),
        # A wave at work is read as far as its first record that has arrived.
        Case(about="at work", label="of a connection", values=lambda _: {"wave_id": None}),
    ),
    "reconciliation.payloads": (
        Case(about="wave", values=lambda _: {"since": None}),
        Case(about="wave", label="of late"),
    ),
    **_plain("reconciliation", "page", "keep"),
    **_plain("reconciliation", "one", "has_payloads for_all_rows"),
    **_plain("reports", "one", "wave orders"),
    **_plain(
        "reports",
        "wave",
        "span timeline causes parked attempts",
        lambda _: {"states": sorted(SETTLED)},
    ),
    "retention.due": tuple(
        Case(about="waves", label=kind, values=lambda _, k=kind: {"kind": k})
        for kind in ("payloads", "answers", "digests", "details")
    ),
    **_plain("retention", "one", "is_taken record drop_answers", lambda _: {"kind": "details", "days": 90}),
    **_plain("retention", "wave", "delete_digests blank_details", lambda _: {"days": 90}),
    **_plain("retention", "waves", "delete_compared", lambda _: {"days": 90}),
    **_plain("restored", "one", "say", lambda _: {"by": "operator"}),
    **_plain(
        "restored",
        "waves",
        "in_force unproved",
        lambda s: {"wave_ids": [s.ended]},
    ),
    "restored.end": (
        Case(
            about="waves",
            values=lambda s: {"by": "operator", "unlisted": None, "wave_ids": [s.ended]},
            before=("say",),
        ),
    ),
    **_plain("reruns", "one", "waves_named find_run load_rerun reopen stop finish lock", _rerun),
    **_plain("reruns", "one", "remap mapped_otherwise", _rerun),
    **_plain("reruns", "one", "insert_rerun", lambda _: {"run_id": "another"}),
    **_plain("reruns", "page", "unknown_identifiers"),
    "reruns.select_items": tuple(
        Case(about=about, label=label, values=lambda s, v=values: {**_anywhere(s), **v(s)})
        for label, about, values in (
            ("by wave", "wave", lambda s: {"wave_id": s.ended}),
            ("by identifier", "page", lambda s: {"identifiers": s.identifiers}),
            ("by selection", "one", lambda _: {"selection_id": 1}),
            ("by state", "all", lambda _: {"states": ["rejected", "invalid"]}),
            ("by code", "all", lambda _: {"error_code": "code_3"}),
        )
    ),
    **_plain(
        "reruns", "rerun", "batches batches_in_state items_of_wave ways hindrances asking_waves", _rerun
    ),
    **_plain("reruns", "rerun", "requires_four_eyes left valid_cents", _rerun),
    **_plain("reruns", "rerun", "causes", lambda s: {**_rerun(s), "states": ["rejected", "invalid"]}),
    **_plain("selections", "one", "lock add orders_under_way", _chosen),
    **{
        f"selections.{name}": (Case(about="page", values=_chosen, before=("chosen",)),)
        for name in ("find", "spread", "identifiers", "decided", "own", "lines")
    },
    "selections.keep_customers": (
        Case(about="page", values=lambda s: {**_chosen(s), "ids": []}, before=("chosen",)),
    ),
    "selections.keep": _left_cases(before=("chosen",)),
    **_plain("sessions", "one", "settle backend"),
    **_plain("sessions", "one", "bound", lambda _: {"seconds": 20}),
    **_plain("shared_values", "page", "replace"),
    **_plain("shared_values", "wave", "shared"),
    **_plain("shares", "one", "enter look shares keep_share give_back"),
    **_plain("shares", "one", "learn_requests learn_accounts put_off_creates count_creates", _learnt),
    **_plain("shares", "one", "count_requests", _requests),
    **_plain("traffic", "one", "requests"),
    **_plain("shares", "at work", "accounts_at_kraken", lambda _: {"most": 1_000_000}),
    **_plain("watch", "at work", "open_too_long standing parked"),
    **_plain("watch", "one", "request_seconds due_cohorts told remember forget"),
    **_plain("story", "one", "records record look looks hand_back orders", _told),
    **_plain("story", "wave", "differences"),
    **_plain("story", "waves", "reruns"),
    **_plain("story", "page", "tries moves errors decisions payloads answers"),
    **_plain("wave_keys", "one", "may_rewrap lock"),
    **_plain("triage", "wave", "compared", lambda s: {"wave_ids": [s.ended]}),
    **_plain("triage", "wave", "causes had", _caused),
    **_plain("triage", "waves", "waves_with_some"),
    "triage.count": _left_cases(),
    "triage.records": _left_cases(),
    "wave_keys.insert": (Case(about="one", values=_keys, before=("plan",)),),
    **_plain("wave_keys", "one", "of_waves", lambda s: {"wave_ids": [s.working]}),
    **_plain("wave_keys", "waves", "sealed in_use wrapped_otherwise rewrap", _keys),
    **_plain("waves", "one", "insert_wave", lambda _: {"name": "another", "run_id": "another"}),
    **_plain(
        "waves", "one", "enlarge_batch_size reopen remap find_run load_wave may_create hindrance batches"
    ),
    **_plain("waves", "one", "record_watermark stop finish dag_of run_of lock_batch unlock_batch"),
    **_plain("waves", "waves", "paused", _every_wave),
    "waves.close_planning": (Case(about="wave", before=("forget_batches",)),),
    **_plain("waves", "wave", "merge_batches batches_in_state"),
    "waves.add_partitions": (Case(about="one", values=_keys, before=("plan", "make_key")),),
}

_PLANNED: Final = """
    INSERT INTO migration.wave OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(
        wave, jsonb_build_object('id', %(wave_id)s, 'name', 'planned', 'run_id', 'planned')
    )).*
    FROM migration.wave WHERE id = %(wave_id)s - 1
"""

BEFORE: Final[Mapping[str, str]] = {
    "selections.chosen": """
        INSERT INTO migration.selection OVERRIDING SYSTEM VALUE
        VALUES (1, %(dialect)s, 'all', 'operator', now());
        INSERT INTO migration.selection_record SELECT 1, unnest(%(ids)s::bigint[])
    """,
    "waves.plan": _PLANNED,
    "wave_keys.plan": _PLANNED,
    "waves.make_key": """
        INSERT INTO migration.wave_key (wave_id, secret, wrapped_by, made_at, wrapped_at)
        VALUES (%(wave_id)s, %(secret)s, %(wrapped_by)s, now(), now())
    """,
    "waves.forget_batches": (
        "UPDATE migration.import_process SET batch = batch + 1000 WHERE wave_id = %(wave_id)s"
    ),
    # Of what Kraken lists some is not known here, and some is listed twice.
    "listing.list": """
        INSERT INTO theirs (imported, external_identifier, kraken_identifier)
        SELECT * FROM (
            SELECT true, external_identifier, kraken_identifier
            FROM migration.import_process
            WHERE import_supplier = %(import_supplier)s AND mode = 'live' AND state = 'processed'
            UNION ALL
            SELECT no %% 2 = 0, 'NEW-' || no / 2, 'N-' || no / 2 FROM generate_series(1, %(listed)s) AS no
        ) AS account
        LIMIT %(listed)s
    """,
}
"""What is needed before a statement, besides other statements."""
