"""The gate: what a person reads and decides, and what decides when no person is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.orders import Order
from kraken_import.domain.policies import PolicySettings
from kraken_import.tracking.gate import Decision
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.cohorts import CohortRequest, write_cohort
from kraken_import.usecases.control import control_wave, stop_all
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.gate import (
    ApprovalBarred,
    Question,
    answer_question,
    batches_to_load,
    question_to_ask,
)
from kraken_import.usecases.overview import show_wave
from kraken_import.usecases.systems import PlanSystems
from kraken_import.usecases.withdrawal import is_withdrawn
from tests.integration.conftest import BeginJourney, Journey
from transforms.rules.ledgers import amount, shown

REQUIRED: dict[str, Any] = {"approval": "required", "approval_minutes": Decimal(5)}


def load(journey: Journey, wave_id: int) -> list[int]:
    return batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))


def ask(journey: Journey, wave_id: int) -> Question | None:
    return question_to_ask(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))


def answer(journey: Journey, wave_id: int, *, approved: bool, by: str | None) -> Decision | None:
    return answer_question(
        tracking=journey.tracking, wave_id=wave_id, approved=approved, answered_by=by, now=datetime.now(UTC)
    )


def asked_wave(journey: Journey, **wanted: Any) -> int:
    wave_id = journey.valid_wave(**REQUIRED | wanted)
    assert load(journey, wave_id) == []
    assert ask(journey, wave_id) is not None
    return wave_id


def test_a_person_who_decides_reads_counts_causes_money_and_what_was_rehearsed(begin: BeginJourney) -> None:
    journey = begin(customers=50)
    rehearsal = journey.valid_wave(limit=10, dry_run=True)
    journey.create(rehearsal)
    journey.poll(rehearsal)
    journey.summarise(rehearsal)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET billing_name = 'New' WHERE account_number = 'GB-000000001'"
        )
    planned = journey.plan(**REQUIRED, limit=50, requested_by="alice")
    journey.build(planned.wave_id)
    journey.validate(planned.wave_id)
    load(journey, planned.wave_id)
    question = ask(journey, planned.wave_id)
    assert question is not None
    assert question.wait == timedelta(minutes=5)
    assert question.subject.startswith("Create 48 records of wave 'run-2' in http://127.0.0.1:")
    assert "**50 customers** of edf_accounts in a live wave: 48 valid," in question.body
    causes = journey.rows(
        "SELECT first_error_code AS code FROM migration.import_process WHERE state IN ('rejected', 'invalid')"
    )
    assert len(causes) == 2
    assert all(f"`{row['code']}`" in question.body for row in causes)
    assert "| records | by whom | code | field | legacy column |" in question.body
    assert "rejected by our build" in question.body
    assert "| legacy." in question.body
    assert "Refused are 4.0%, and above 10.0% the run ends red." in question.body
    assert "**Answer by** " in question.body
    standing = show_wave(tracking=journey.tracking, wave=str(planned.wave_id)).standing
    assert standing.startswith("waits for an approval until ")
    valid = journey.rows(
        "SELECT external_identifier FROM migration.import_process WHERE wave_id = :id AND state = 'valid'",
        id=planned.wave_id,
    )
    payloads = journey.payloads(planned.wave_id)
    bodies = [orjson.loads(payloads[row["external_identifier"]]) for row in valid]
    total = sum(amount(body["transfer_balance"]) for body in bodies)
    assert total
    assert f"{shown(total)} GBP" in question.body.replace(",", "")
    assert "9 valid payloads as rehearsed, 1 changed since, 38 new" in question.body
    assert "records/s of earlier waves" in question.body
    assert (
        "**Policy**: A person must approve it within 5 minutes; reruns need a new approval;" in question.body
    )
    assert "**Asked for by** alice." in question.body
    assert "GB-0" not in question.body


def test_nothing_is_created_before_a_person_has_approved(journey: Journey) -> None:
    wave_id = asked_wave(journey)
    with pytest.raises(SystemicFault, match="has not been approved"):
        journey.create(wave_id)
    assert journey.created() == {}
    answer(journey, wave_id, approved=True, by="alice")
    assert load(journey, wave_id) == [0]
    # A retried gate does not ask again; a wave that was built again does.
    assert ask(journey, wave_id) is None
    journey.build(wave_id)
    journey.validate(wave_id)
    assert ask(journey, wave_id) is not None
    assert load(journey, wave_id) == []
    answer(journey, wave_id, approved=True, by="bob")
    journey.create(wave_id)
    journey.poll(wave_id)
    assert journey.summarise(wave_id).failure is None
    decisions = journey.rows("SELECT decision, decided_by FROM migration.wave_decision ORDER BY asked_at")
    assert [tuple(row.values()) for row in decisions] == [("approved", "alice"), ("approved", "bob")]


@pytest.mark.parametrize(
    ("by", "sentence"), [("alice", "was rejected by alice"), (None, "was not approved in time")]
)
def test_a_rejection_or_no_answer_ends_the_wave_with_nothing_created(
    journey: Journey, by: str | None, sentence: str
) -> None:
    wave_id = asked_wave(journey)
    answer(journey, wave_id, approved=False, by=by)
    assert load(journey, wave_id) == []
    with pytest.raises(SystemicFault):
        journey.create(wave_id)
    assert journey.created() == {}
    failure = journey.summarise(wave_id).failure
    assert failure is not None
    assert sentence in failure
    # Clearing the run asks again.
    journey.plan_run(run_id="run-1")
    assert ask(journey, wave_id) is not None
    answer(journey, wave_id, approved=True, by="bob")
    assert load(journey, wave_id) == [0]


def test_the_first_of_two_answers_counts(journey: Journey) -> None:
    wave_id = asked_wave(journey)
    answer(journey, wave_id, approved=True, by="alice")
    second = answer(journey, wave_id, approved=False, by="bob")
    assert second is not None
    assert (second.decision, second.decided_by) == ("approved", "alice")
    assert load(journey, wave_id) == [0]
    assert len(journey.rows("SELECT * FROM migration.wave_decision")) == 1


def test_with_four_eyes_the_user_who_asked_cannot_approve_and_another_can(journey: Journey) -> None:
    wave_id = asked_wave(journey, four_eyes=True, requested_by="alice")
    with pytest.raises(ApprovalBarred, match=r"Alice asked for this wave .* another user must answer"):
        answer(journey, wave_id, approved=True, by="Alice")
    assert load(journey, wave_id) == []
    with pytest.raises(SystemicFault, match="has not been approved"):
        journey.create(wave_id)
    assert journey.rows("SELECT 1 FROM migration.wave_decision") == []
    (refused,) = journey.rows("SELECT answered_by FROM migration.wave_refused_approval")
    assert refused["answered_by"] == "Alice"
    answer(journey, wave_id, approved=True, by="bob")
    assert load(journey, wave_id) == [0]
    # What was decided stands, whatever is answered later.
    second = answer(journey, wave_id, approved=True, by="alice")
    assert second is not None
    assert second.decided_by == "bob"


def test_with_four_eyes_a_rejection_of_the_user_who_asked_counts(journey: Journey) -> None:
    wave_id = asked_wave(journey, four_eyes=True, requested_by="alice")
    decision = answer(journey, wave_id, approved=False, by="alice")
    assert decision is not None
    assert decision.decision == "rejected"
    assert load(journey, wave_id) == []


def test_with_four_eyes_a_wave_that_was_stopped_meanwhile_is_not_asked_for_again(journey: Journey) -> None:
    wave_id = asked_wave(journey, four_eyes=True, requested_by="alice")
    control_wave(
        tracking=journey.tracking,
        wave="run-1",
        action="cancel",
        order=Order(by="bob", reason=None, at=datetime.now(UTC)),
    )
    decided = answer(journey, wave_id, approved=True, by="alice")
    assert decided is not None
    assert decided.decision == "withdrawn"
    assert load(journey, wave_id) == []
    (wave,) = journey.rows("SELECT approved_at, stop_code FROM migration.wave")
    assert tuple(wave.values()) == (None, "cancelled")


@pytest.mark.parametrize(("requested_by", "barred"), [("alice", ["alice", "carol"]), (None, ["carol"])])
def test_with_four_eyes_the_planner_of_the_cohort_cannot_approve_either(
    journey: Journey, requested_by: str | None, barred: list[str]
) -> None:
    write_cohort(
        systems=PlanSystems(tracking=journey.tracking, legacy=journey.legacy, kraken=journey.kraken),
        request=CohortRequest(
            dialect="edf_accounts",
            name="night",
            rule="all",
            size=5,
            policy=PolicySettings(mode=Mode.LIVE, approval="required", four_eyes=True),
            planned_by="carol",
        ),
        now=datetime.now(UTC),
    )
    wave_id = journey.valid_wave(limit=None, cohort="night", requested_by=requested_by)
    question = ask(journey, wave_id)
    assert question is not None
    assert " and ".join(barred) in question.body
    for user in barred:
        with pytest.raises(ApprovalBarred):
            answer(journey, wave_id, approved=True, by=user)
    answer(journey, wave_id, approved=True, by="bob")
    assert load(journey, wave_id) == [0]


def test_with_four_eyes_any_user_may_approve_what_no_known_user_asked_for(journey: Journey) -> None:
    wave_id = asked_wave(journey, four_eyes=True)
    question = ask(journey, wave_id)
    assert question is not None
    assert "any user may approve it" in question.body
    answer(journey, wave_id, approved=True, by="alice")
    assert load(journey, wave_id) == [0]


@pytest.mark.parametrize("moment", ["while the question stands", "after the approval"])
def test_an_approval_says_nothing_of_what_was_built_since_it_was_asked_for(
    journey: Journey, moment: str
) -> None:
    planned = journey.plan(**REQUIRED, limit=10, batch_size=5)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
    assert ask(journey, planned.wave_id) is not None
    if moment == "after the approval":
        answer(journey, planned.wave_id, approved=True, by="alice")
    # By the clock of a worker that is late, it was built long before the question.
    late = replace(journey.systems, clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    build_batch(systems=late, ref=BatchRef(wave_id=planned.wave_id, batch=1))
    journey.validate(planned.wave_id, 1)
    answer(journey, planned.wave_id, approved=True, by="alice")

    assert load(journey, planned.wave_id) == [0]
    journey.create(planned.wave_id, 0)
    with pytest.raises(SystemicFault, match="5 records were built after the approval: clear task gate"):
        journey.create(planned.wave_id, 1)
    journey.poll(planned.wave_id, 0)
    assert journey.states(planned.wave_id) == {"processed": 5, "valid": 5}
    failure = journey.summarise(planned.wave_id).failure
    assert failure is not None
    assert "5 records were built after the approval" in failure
    # Clearing the gate asks about them, and about nothing else.
    question = ask(journey, planned.wave_id)
    assert question is not None
    assert question.subject.startswith("Create 5 records")
    answer(journey, planned.wave_id, approved=True, by="bob")
    assert load(journey, planned.wave_id) == [1]
    journey.create(planned.wave_id, 1)
    assert set(journey.created().values()) == {1}
    assert len(journey.created()) == 10


@pytest.mark.parametrize("order", ["cancel", "stop_all"])
def test_stopping_a_wave_that_waits_withdraws_its_question(journey: Journey, order: str) -> None:
    wave_id = asked_wave(journey)
    assert not is_withdrawn(tracking=journey.tracking, wave_id=wave_id)
    who: dict[str, Any] = {"order": Order(by="bob", reason=None, at=datetime.now(UTC))}
    if order == "cancel":
        control_wave(tracking=journey.tracking, wave="run-1", action="cancel", **who)
    else:
        stop_all(tracking=journey.tracking, kraken=None, **who)
    assert is_withdrawn(tracking=journey.tracking, wave_id=wave_id)
    # An approval that still comes does not count.
    decided = answer(journey, wave_id, approved=True, by="alice")
    assert decided is not None
    assert (decided.decision, decided.decided_by) == ("withdrawn", None)
    assert load(journey, wave_id) == []
    with pytest.raises(SystemicFault, match=r"by bob|bob stopped everything"):
        journey.create(wave_id)
    failure = journey.summarise(wave_id).failure
    assert failure is not None
    assert "bob" in failure
    assert journey.created() == {}


def test_an_unattended_wave_with_too_many_refused_is_stopped_before_the_first_create(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=50)
    planned = journey.plan(threshold=Decimal("0.02"))
    journey.build(planned.wave_id)
    journey.validate(planned.wave_id)
    assert load(journey, planned.wave_id) == []
    failure = journey.summarise(planned.wave_id).failure
    assert failure is not None
    assert (
        "2 of 50 records were refused before anything was created, more than the threshold of 2.0%" in failure
    )
    assert journey.created() == {}
