"""Questions at a gate: asked under *Required actions*, and withdrawn when their wave is stopped."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import TaskAwaitingInput

from kraken_import.airflow.connections import ConnectionIds
from kraken_import.airflow.links import console_page
from kraken_import.airflow.triggers import QuestionTrigger
from kraken_import.usecases.gate import Question
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.systems import utc_now

APPROVE: Final = "Approve"
REJECT: Final = "Reject"


def _as_it_was(*, place: str, wave_id: int | None = None, rerun: int | None = None) -> str:
    """Return what a person must know of these words: Airflow goes on showing those of the first time.

    A task that is cleared keeps its question, and Airflow has no call that changes or deletes its words.
    """
    at = in_utc(at=utc_now())
    if wave_id is None:
        where = f"the numbers of now are in the report of rerun {rerun}"
    else:
        page = console_page(place=place, wave_id=wave_id)
        console = f"[the wave's page in the console]({page})" if page else "the wave's page in the console"
        where = f"the question of now is on {console}"
    return f"These words are of {at}. Where the gate is cleared and asks again, Airflow keeps them: {where}."


class QuestionOperator(HITLOperator):
    """Waits, without a worker, until a person answers, time is up, or what is asked about was stopped."""

    def __init__(self, *, connections: ConnectionIds, **kwargs: Any) -> None:
        # What is asked, and for how long, is known only when the task runs.
        super().__init__(
            connections=connections,
            subject="",
            options=[APPROVE, REJECT],
            defaults=REJECT,
            response_timeout=timedelta(hours=12),
            **kwargs,
        )
        self.connections = connections

    def ask(self, *, context: Context, question: Question, **about: int) -> NoReturn:
        """Ask, and defer. `about` is the `wave_id` or the number of the `rerun`."""
        self.subject, self.response_timeout = question.subject, question.wait
        self.body = f"{question.body}\n\n{_as_it_was(place=self.connections.tracking, **about)}"
        self._put(context=context, until=utc_now() + question.wait, **about)

    def ask_again(self, *, context: Context, until: str, **about: int) -> NoReturn:
        """Ask the same question again for the rest of its time, because the answer does not count."""
        self._put(context=context, until=datetime.fromisoformat(until), **about)

    def answer(self, *, context: Context, event: dict[str, Any]) -> tuple[bool, str | None]:
        """Return whether it was approved, and which user answered; None if no user did."""
        answer = HITLOperator.execute_complete(self, context, event)
        user = answer["responded_by_user"]
        return answer["chosen_options"] == [APPROVE], None if user is None else str(user["name"])

    def _put(self, *, context: Context, until: datetime, **about: int) -> NoReturn:
        # Airflow would only wait for an answer; our trigger also notices that the wave was stopped.
        with suppress(TaskAwaitingInput):
            HITLOperator.execute(self, context)
        self.defer(
            trigger=QuestionTrigger(
                tracking_conn_id=self.connections.tracking,
                ti_id=context["ti"].id,
                options=self.options,
                defaults=self.defaults,
                params={},
                timeout_datetime=until,
                **about,
            ),
            method_name="execute_complete",
            kwargs={"until": until.isoformat()},
        )
