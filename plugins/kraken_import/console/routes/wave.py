"""One wave: its funnel, its throughput, its batches, what holds it up, and what was ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from kraken_import.console.asking import Ask, Asked
from kraken_import.console.following import followed
from kraken_import.console.oldest import oldest_of
from kraken_import.console.runs import open_question, page_of, report_of
from kraken_import.console.shared import shared
from kraken_import.domain.lifecycle import OPEN, State
from kraken_import.tracking import board, gate, overview, waves
from kraken_import.tracking.board import Phase
from kraken_import.usecases.board import line_of
from kraken_import.usecases.four_eyes import is_barred
from kraken_import.usecases.funnel import funnel
from kraken_import.usecases.policy import wave_in_words
from kraken_import.usecases.throughput import SHOWN, throughput

router = APIRouter()

_MOST: Final = 50


@router.get("/waves/{wave_id}")
def wave(asked: Ask, wave_id: int) -> Any:
    """Show a wave as it stands now."""
    return shared(asked=asked, make=partial(_wave, wave_id=wave_id))


def _wave(asked: Asked, /, *, wave_id: int) -> Response:
    with asked.read() as connection:
        found = asked.wave(wave_id=wave_id)
        line = line_of(connection=connection, wave=found, oldest=oldest_of(asked=asked))
        refused = (
            board.refused_on_create(connection=connection, wave_id=wave_id)
            if State.INVALID in line.states
            else 0
        )
        batches = board.batches(connection=connection, wave_id=wave_id)
        flow = board.flow(connection=connection, wave_id=wave_id, states=SHOWN)
        log = board.log(connection=connection, wave_id=wave_id, most=_MOST)
        reruns = overview.reruns(connection=connection, wave_id=wave_id)
        run = waves.run_of(connection=connection, wave_id=wave_id)
        full = waves.load_wave(connection=connection, wave_id=wave_id)
        askers = gate.askers(connection=connection, wave_id=wave_id)
        worded = gate.worded_question(connection=connection, wave_id=wave_id)
    question = open_question(asked=asked, run=run) if line.phase is Phase.WAITING else None
    if question is not None and worded is not None:
        # Airflow keeps the words of the first time that it was asked.
        question = replace(question, subject=worded[0], body=worded[1])
    return asked.page(
        "wave",
        line=line,
        steps=funnel(states=line.states, refused_on_create=refused),
        chart=throughput(flow=flow),
        batches=[
            (batch, states, _task(states=states, place=place))
            for place, (batch, states) in enumerate(batches.items())
        ],
        policy=wave_in_words(wave=full),
        built_by=full.built_by.in_words,
        question=question,
        # A page that asks for the name is shared with no other user, so most do not ask.
        is_barred=question is not None
        and is_barred(four_eyes=full.policy.four_eyes, askers=askers, user=asked.caller.name),
        log=followed(asked=asked, log=log),
        reruns=reruns,
        run_page=page_of(asked=asked, run=run),
        report=report_of(asked=asked, run=run),
    )


def _task(*, states: Mapping[State, int], place: int) -> str:
    """Return the task that works on a batch, or its validation once it has ended, as Airflow's pages call it.

    Of the tasks that load, Airflow numbers only the batches that have something to load.
    """
    if State.PLANNED in states:
        return f"prepare.build/mapped/{place}"
    if State.BUILT in states:
        return f"prepare.validate/mapped/{place}"
    if states.keys() & {State.VALID, State.CREATING}:
        return "load.create/mapped"
    if states.keys() & OPEN:
        return "load.await/mapped"
    return f"prepare.validate/mapped/{place}"
