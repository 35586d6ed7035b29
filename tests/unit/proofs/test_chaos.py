"""What `make chaos` kills and when, what it refuses, and how a bad round is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from kraken_import.domain.lifecycle import State
from kraken_import.local.problems import StackProblem
from proofs.chaos import __main__ as chaos
from proofs.chaos.kills import Kill
from proofs.chaos.plan import KILLED, Moment, PlannedRound, Victim, plan_rounds, read_victims
from proofs.chaos.round import Round
from proofs.chaos.verdict import judge
from proofs.comparing import Booked, Comparison, Key, Tracked

GOOD = Round(
    planned=PlannedRound(
        number=3, victim=Victim.POSTGRES, moment=Moment(customers=120, is_create=True), choice=0.5
    ),
    run_id="chaos-3",
    run_state="success",
    failure=None,
    wave_seconds=30.0,
    comparison=Comparison(records=400),
    kill=Kill(victim=Victim.POSTGRES, at=1_000.0),
    restarted=("postgres", "scheduler"),
    restart=1.2,
    back=0.8,
    ended=42.4,
    within=60,
)


def test_the_first_eight_rounds_kill_each_part_once_after_one_that_kills_nothing() -> None:
    for seed in range(50):
        first, *rounds = plan_rounds(rounds=8, seed=seed, accounts=400)
        assert (first.number, first.victim) == (0, Victim.NOTHING)
        assert sorted(each.victim for each in rounds) == sorted(KILLED)


def test_a_seed_draws_the_same_rounds_again_and_another_seed_others() -> None:
    one = plan_rounds(rounds=20, seed=1, accounts=400)
    assert one == plan_rounds(rounds=20, seed=1, accounts=400)
    assert one[:9] == plan_rounds(rounds=8, seed=1, accounts=400)
    assert one != plan_rounds(rounds=20, seed=2, accounts=400)


def test_every_moment_comes_before_the_wave_is_through() -> None:
    for each in plan_rounds(rounds=500, seed=1, accounts=100)[1:]:
        assert 1 <= each.moment.customers <= 85
    assert {each.moment.is_create for each in plan_rounds(rounds=50, seed=1, accounts=100)} == {True, False}


def test_named_victims_are_killed_in_their_order_again_and_again() -> None:
    named = read_victims(given="stand-in, task")
    rounds = plan_rounds(rounds=3, seed=1, accounts=400, named=named)
    assert [each.victim for each in rounds] == ["stand-in", "task", "stand-in"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"KRAKEN_URL": "https://kraken.example.com", "KRAKEN_TOKEN": "x"}, "only on the bundled systems"),
        ({"TRACKING_DSN": "postgresql://somewhere/tracking"}, "leave KRAKEN_URL"),
        ({"ROUNDS": "0"}, "ROUNDS must be a whole number from 1 to 10,000, not '0'."),
        ({"WITHIN": "soon"}, "WITHIN must be a whole number from 1 to 3,600, not 'soon'."),
        ({"KILL": "kraken"}, "KILL=kraken names no part: choose from task, supervisor"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(environment: dict[str, str], said: str) -> None:
    with pytest.raises(StackProblem) as refused:
        chaos.chaos(environment=environment)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_good_round_has_no_fault() -> None:
    assert GOOD.faults == []
    assert replace(GOOD, ended=60.0).faults == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"comparison": Comparison(records=1, lost=("EDF A-1 is lost.",))}, "EDF A-1 is lost"),
        ({"comparison": Comparison(records=1, doubled=("EDF A-1 is double.",))}, "EDF A-1 is double"),
        ({"comparison": Comparison(records=1, wrong=("EDF A-1 is wrong.",))}, "EDF A-1 is wrong"),
        ({"comparison": Comparison(records=1, still_open=("EDF A-1 is open.",))}, "EDF A-1 is open"),
        ({"ended": 60.5}, "it ended 60.5 s after the restart, not within 60"),
        ({"run_state": "failed", "failure": "too much"}, "its run ended failed: too much"),
        ({"kill": None}, "the wave ended before postgres could be killed"),
    ],
)
def test_a_bad_round_says_what_is_wrong_and_where_to_look(bad: dict[str, object], said: str) -> None:
    played = replace(GOOD, **bad)  # type: ignore[arg-type]
    (fault,) = played.faults
    assert said in fault
    sentence = chaos.sentence(played=played)
    assert fault in sentence
    assert sentence.startswith("Round 3 (postgres): ")
    assert sentence.endswith(
        ": see .run/logs and .run/airflow/logs/dag_id=migrate_edf_accounts/run_id=chaos-3."
    )


def test_the_table_fits_80_columns_and_ends_with_one_line_of_totals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    longest = replace(
        GOOD.planned, number=20, victim=Victim.DAG_PROCESSOR, moment=Moment(customers=186, is_create=True)
    )
    lost = Comparison(records=400, lost=("x", "y"))
    rounds = [GOOD, replace(GOOD, planned=longest, ended=75.0, comparison=lost)]
    Console(width=80).print(chaos.table(rounds=rounds))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert lines[1].split()[-4:] == ["Lost", "Doubled", "Wrong", "Open"]
    assert next(each for each in lines if "postgres" in each).split() == (
        ["3", "postgres", "120", "created", "1.2", "0.8", "42.4", "0", "0", "0", "0"]
    )
    assert chaos.totals(rounds=rounds) == (
        "2 rounds, 800 customers: 2 lost, 0 doubled, 0 wrong, 0 open, 1 later than 60 s after the restart "
        "(the latest: 75 s)."
    )


def test_late_ends_on_a_busy_machine_are_told_by_a_wave_that_was_left_alone() -> None:
    alone = replace(GOOD, planned=replace(GOOD.planned, victim=Victim.NOTHING), kill=None, ended=None)
    assert chaos.undisturbed(rounds=[replace(alone, wave_seconds=22.4), GOOD]) == (
        "A wave that was left alone took 22 s here."
    )
    assert "late ends mean nothing on so busy a machine" in chaos.undisturbed(
        rounds=[replace(alone, wave_seconds=85.0)]
    )
    assert "is not known" in chaos.undisturbed(rounds=[GOOD])


def judged(*, state: State, created: int, claimed: int = 1, unexpected: str = "") -> Comparison:
    """A round of one record, which the ledger has created so often since the round began."""
    key = Key("accounts", "EDF", "A-1")
    old = Key("accounts", "EDF", "OLD")
    return judge(
        tracked=[Tracked(key=key, state=state, parked_from=State.CREATING, kraken_identifier="A-1F")],
        ledger=[
            Booked(key=old, created=1, status="PROCESSED"),
            Booked(key=key, created=created, status="PROCESSED", kraken_identifier="A-1F"),
        ],
        before={old: 1},
        claimed=claimed,
        unexpected=[unexpected] if unexpected else [],
    )


def test_a_round_whose_records_all_ended_as_they_must_has_no_disagreement() -> None:
    assert judged(state=State.PROCESSED, created=1) == Comparison(records=1)


@pytest.mark.parametrize(
    ("found", "kind", "sentence"),
    [
        (judged(state=State.PROCESSED, created=0), "lost", "EDF A-1 is processed in tracking, and Kraken"),
        (judged(state=State.PROCESSED, created=2), "doubled", "EDF A-1 was created 2 times, not 1."),
        (
            judged(state=State.PROCESSED, created=1, claimed=3),
            "lost",
            "3 customers are claimed, and 1 have a record.",
        ),
        (
            judged(state=State.PROCESSED, created=1, unexpected="A-1: expected errored"),
            "wrong",
            "A-1: expected errored",
        ),
        (judged(state=State.PARKED, created=1), "still_open", "EDF A-1 was parked, and stood at creating"),
    ],
)
def test_a_round_asks_that_each_claimed_customer_has_a_record_and_ended_as_it_must(
    found: Comparison, kind: str, sentence: str
) -> None:
    (said,) = found.faults
    assert said.startswith(sentence)
    assert getattr(found, kind) == (said,)
