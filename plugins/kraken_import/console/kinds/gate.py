"""Approve or reject a wave that waits at its gate: the answer is given to Airflow's question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.console.kinds.kind import Kind, Progress, Scope, is_young
from kraken_import.console.runs import open_question, question_path, refused, run_of
from kraken_import.console.values import wave_id_of
from kraken_import.domain.lifecycle import State
from kraken_import.tracking import board, gate, waves
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.usecases.four_eyes import is_barred

_WORDS: Final = {
    "approve": ("Approve", "Its valid records are created as soon as the gate has read the answer."),
    "reject": ("Reject", "Nothing is created; clearing its run asks again."),
}
_MOST: Final = 20
_EARLIER: Final = timedelta(minutes=1)
"""More than the clocks of a worker and of the database are apart."""
_DECIDED: Final = frozenset({"approved", "rejected", "expired", "withdrawn"})
_BARRED: Final = "approval that does not count"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGate:
    """An answer to the question of a wave's gate."""

    name: Literal["approve", "reject"]
    act: Act = Act.APPROVE

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what the answer means, and how many records it is about."""
        wave = asked.wave(wave_id=wave_id_of(values=values))
        run = run_of(asked=asked, wave_id=wave.id)
        word, means = _WORDS[self.name]
        with asked.read() as connection:
            states = board.states(connection=connection, wave_ids=[wave.id])[wave.id]
            askers = gate.askers(connection=connection, wave_id=wave.id)
            four_eyes = waves.load_wave(connection=connection, wave_id=wave.id).policy.four_eyes
        refusal = ""
        question = "" if wave.asked_until is None else wave.asked_until.isoformat()
        if values.get("question", question) != question:
            refusal = "It asks another question by now than was shown: look at the page of the wave again."
        elif not question or open_question(asked=asked, run=run) is None:
            refusal = "The wave asks nothing now: another person has answered, or its time was up."
        elif self.name == "approve" and is_barred(four_eyes=four_eyes, askers=askers, user=asked.caller.name):
            refusal = "You asked for this wave or planned its cohort, and its policy wants four eyes."
        return Scope(
            title=f"{word} wave {wave.name}",
            words=f"Wave {wave.id} {wave.name!r} ({wave.mode}, {wave.dialect}) waits at its gate. {means}",
            button=word,
            dialect=wave.dialect,
            wave_id=wave.id,
            records=states.get(State.VALID, 0),
            refusal=refusal,
            dag_id=run.dag_id,
            run_id=run.run_id,
            is_dangerous=self.name == "reject",
            values={"question": question},
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Answer the question as the user. Raises `BadRequest` where Airflow does not take it."""
        run = waves.PlannedRun(dag_id=str(scope.dag_id), run_id=str(scope.run_id))
        body = {"chosen_options": [scope.button], "params_input": {}}
        answer = asked.airflow(method="PATCH", path=question_path(run=run), body=body)
        if not answer.is_good:
            raise refused(status=answer.status, what="answer the question")
        return Progress(sentence="Answered: the gate reads it within seconds.")

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return what the gate has made of the answer."""
        if action.wave_id is None:
            return Progress(sentence="Answered.")
        with asked.read() as connection:
            told = board.log(connection=connection, wave_id=action.wave_id, most=_MOST)
        # The newest come first, and what follows the answer is what came of it.
        for line in reversed(told):
            if line.at < action.ordered_at - _EARLIER or line.action_id is not None:
                continue
            # Another person's answer, that came shortly before.
            if line.by_whom is not None and line.by_whom.casefold() != action.ordered_by.casefold():
                continue
            if line.what == _BARRED:
                return Progress(
                    sentence="The approval does not count: you asked for this wave or planned its cohort, "
                    "and its policy wants four eyes. The question stays open for another user.",
                    outcome="refused",
                )
            if line.what in _DECIDED:
                by = f" by {line.by_whom}" if line.by_whom else ""
                return Progress(sentence=f"The wave was {line.what}{by}.", outcome="done")
        if not is_young(action=action) and action.dag_id is not None:
            run = waves.PlannedRun(dag_id=action.dag_id, run_id=str(action.run_id))
            if open_question(asked=asked, run=run) is not None:
                return Progress(
                    sentence="The answer did not reach Airflow: the question is still open. Answer it again.",
                    outcome="failed",
                )
        return Progress(sentence="Answered: the gate reads it within seconds.")


KINDS: Final[tuple[Kind, ...]] = (AnswerGate(name="approve"), AnswerGate(name="reject"))
