"""The gate of a rerun: a wave that wants its records approved wants it of a rerun too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kraken_import.domain.orders import Order
from kraken_import.tracking.gate import Decision
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.gate import ApprovalBarred, Question, answer_question, question_to_ask
from kraken_import.usecases.rerun import PlannedRerun, batches_to_rerun
from kraken_import.usecases.rerun_gate import answer_rerun_question, rerun_question_to_ask
from kraken_import.usecases.withdrawal import rerun_is_withdrawn
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import begin_rerun, create_in_rerun, prepare, work

REQUIRED: dict[str, Any] = {"approval": "required", "approval_minutes": Decimal(5)}


def ask(journey: Journey, planned: PlannedRerun) -> Question | None:
    return rerun_question_to_ask(tracking=journey.tracking, rerun=planned.rerun, now=datetime.now(UTC))


def answer(journey: Journey, planned: PlannedRerun, *, approved: bool, by: str | None) -> Decision | None:
    return answer_rerun_question(
        tracking=journey.tracking,
        rerun=planned.rerun,
        approved=approved,
        answered_by=by,
        now=datetime.now(UTC),
    )


def batches(journey: Journey, planned: PlannedRerun) -> list[tuple[int, int]]:
    return batches_to_rerun(tracking=journey.tracking, rerun=planned.rerun, now=datetime.now(UTC))


def prepared(journey: Journey, **policy: Any) -> PlannedRerun:
    """A rerun, asked for by alice, of an approved wave that a fault stopped before its first create."""
    wave_id = journey.valid_wave(**(REQUIRED | policy), name="pilot")
    assert question_to_ask(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC)) is not None
    answer_question(
        tracking=journey.tracking, wave_id=wave_id, approved=True, answered_by="bob", now=datetime.now(UTC)
    )
    journey.strike(kind="forbidden", operation="create")
    with pytest.raises(SystemicFault):
        journey.create(wave_id)
    journey.heal()
    planned = begin_rerun(journey, wave="pilot", requested_by="alice")
    prepare(journey, planned)
    return planned


def test_a_rerun_of_an_approved_wave_asks_again_and_creates_what_was_approved(journey: Journey) -> None:
    planned = prepared(journey)
    assert batches(journey, planned) == []
    with pytest.raises(SystemicFault, match="Rerun 1 has not been approved"):
        create_in_rerun(journey, planned)
    question = ask(journey, planned)
    assert question is not None
    assert question.subject.startswith("Create 5 records of rerun 1 in http://127.0.0.1:")
    assert question.wait == timedelta(minutes=5)
    assert "**5 records** of edf_accounts in a live rerun: valid 5." in question.body
    assert "GBP in the valid payloads" in question.body
    assert "GB-0" not in question.body
    # Nor does the wave's own task create what only the rerun has asked about.
    answer(journey, planned, approved=True, by="carol")
    assert ask(journey, planned) is None
    assert batches(journey, planned) == [(1, 0)]
    create_in_rerun(journey, planned)
    assert len(journey.created()) == 5
    (told,) = journey.rows("SELECT decision, decided_by FROM migration.rerun_decision")
    assert tuple(told.values()) == ("approved", "carol")


def test_what_a_rerun_builds_after_its_approval_is_asked_about_again(journey: Journey) -> None:
    planned = prepared(journey)
    ask(journey, planned)
    answer(journey, planned, approved=True, by="carol")
    prepare(journey, planned)
    assert batches(journey, planned) == []
    with pytest.raises(SystemicFault, match="5 records were built after the approval"):
        create_in_rerun(journey, planned)
    assert ask(journey, planned) is not None


@pytest.mark.parametrize(
    ("by", "sentence"), [("carol", "was rejected by carol"), (None, "was not approved in time")]
)
def test_a_rejection_or_no_answer_stops_the_rerun_alone_until_it_is_cleared(
    journey: Journey, by: str | None, sentence: str
) -> None:
    planned = prepared(journey)
    ask(journey, planned)
    answer(journey, planned, approved=False, by=by)
    assert batches(journey, planned) == []
    with pytest.raises(SystemicFault):
        create_in_rerun(journey, planned)
    (wave,) = journey.rows("SELECT stop_code FROM migration.wave")
    assert wave["stop_code"] == "forbidden"
    with pytest.raises(SystemicFault, match=sentence.removeprefix("was ")):
        work(journey, planned)
    assert journey.created() == {}
    begin_rerun(journey, wave="pilot")
    prepare(journey, planned)
    assert ask(journey, planned) is not None


def test_the_approval_of_a_wave_counts_for_its_reruns_where_its_policy_says_so(journey: Journey) -> None:
    planned = prepared(journey, reruns_ask=False)
    assert ask(journey, planned) is None
    assert batches(journey, planned) == [(1, 0)]
    create_in_rerun(journey, planned)
    assert len(journey.created()) == 5


def test_the_user_who_asked_for_a_rerun_cannot_approve_it_where_four_eyes_are_wanted(
    journey: Journey,
) -> None:
    planned = prepared(journey, four_eyes=True)
    question = ask(journey, planned)
    assert question is not None
    assert "alice asked for this rerun and cannot approve it" in question.body
    with pytest.raises(ApprovalBarred, match="alice asked for rerun 1 and cannot approve it"):
        answer(journey, planned, approved=True, by="alice")
    assert batches(journey, planned) == []
    assert not journey.rows("SELECT * FROM migration.rerun_decision")
    answer(journey, planned, approved=True, by="carol")
    assert batches(journey, planned) == [(1, 0)]


def test_cancelling_the_wave_withdraws_the_question_of_its_rerun(journey: Journey) -> None:
    planned = prepared(journey)
    ask(journey, planned)
    assert not rerun_is_withdrawn(tracking=journey.tracking, rerun=planned.rerun)
    control_wave(
        tracking=journey.tracking,
        wave="pilot",
        action="cancel",
        order=Order(by="bob", reason=None, at=datetime.now(UTC)),
    )
    assert rerun_is_withdrawn(tracking=journey.tracking, rerun=planned.rerun)
    decided = answer(journey, planned, approved=True, by="carol")
    assert decided is not None
    assert decided.decision == "withdrawn"
    assert batches(journey, planned) == []
    assert journey.created() == {}


def test_a_question_of_a_rerun_that_was_rejected_does_not_approve_its_wave(journey: Journey) -> None:
    planned = prepared(journey)
    ask(journey, planned)
    answer(journey, planned, approved=False, by="carol")
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET stopped_at = NULL, stop_code = NULL, stop_reason = NULL"
        )
    with pytest.raises(SystemicFault, match="built after the approval"):
        journey.create(planned.batches[0][0])
    assert journey.created() == {}
