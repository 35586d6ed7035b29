"""`kraken-migrate record`: what became of one customer, and decisions about what no answer proves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

import typer
from sqlalchemy import Engine

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import AsJson, TrackingDsn, WaveArgument, WaveOption, order
from kraken_import.cli.output import at, show
from kraken_import.cli.places import Surroundings
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking.story import Answered, Error, Sent, Step, Told, Try
from kraken_import.usecases.decide import decide as decide_about
from kraken_import.usecases.story import story_of
from kraken_import.usecases.systems import connected
from kraken_import.usecases.triage import Mapped, mapped_of

app = typer.Typer(
    help="See what became of a customer, or decide what no answer proves.", no_args_is_help=True
)


class Answer(StrEnum):
    """What is so."""

    THERE = "there"
    ABSENT = "absent"


@app.command(name="show")
def show_(
    *,
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="The customer's external identifier.")
    ],
    wave: WaveOption = None,
    payload: Annotated[
        bool, typer.Option("--payload", help="Also what was sent and answered: personal data.")
    ] = False,
    tracking_dsn: TrackingDsn = None,
    as_json: AsJson = False,
) -> None:
    """Tell one customer's whole story: tries, states with times, errors and decisions."""
    with tracking_database(option=tracking_dsn) as tracking:
        found = story_of(
            tracking=tracking, identifier=identifier.strip(), wave=wave, with_personal_data=payload
        )
    show(
        data=[_data(told=told, sent=sent, answered=answered) for told, sent, answered in found],
        lines=(
            line for told, sent, answered in found for line in _lines(told=told, sent=sent, answered=answered)
        ),
        as_json=as_json,
    )


@app.command()
def decide(
    *,
    wave: WaveArgument,
    identifiers: Annotated[
        list[str], typer.Argument(metavar="IDENTIFIER...", help="The customers' external identifiers.")
    ],
    answer: Annotated[
        Answer, typer.Option("--answer", help="there: Kraken has these records. absent: it has not.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="What the answer rests on; it is kept.")],
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Say whether Kraken has records that its answers do not prove; Kraken is asked once more first."""
    kraken = Surroundings().kraken()
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(
            decided(
                tracking=tracking,
                kraken=kraken,
                wave=wave,
                identifiers=tuple(dict.fromkeys(identifiers)),
                answer=answer.value,
                reason=reason,
            )
        )


def decided(
    *,
    tracking: Engine,
    kraken: KrakenSettings,
    wave: str,
    identifiers: Sequence[str],
    answer: str,
    reason: str | None,
) -> str:
    """Decide whether Kraken has records, in the name of this machine's user. Returns one sentence."""

    async def refresh() -> KrakenSettings:
        return kraken

    return asyncio.run(
        decide_about(
            systems=connected(tracking=tracking, kraken=kraken, refresh=refresh),
            wave=wave,
            identifiers=identifiers,
            answer=answer,
            order=order(reason=reason),
        )
    )


def _data(*, told: Told, sent: Sequence[Sent], answered: Sequence[Answered]) -> dict[str, Any]:
    found = asdict(told)
    for error, raw in zip(found["errors"], told.errors, strict=True):
        error["legacy_column"] = _column(told=told, error=raw)
    if sent or answered:
        found["sent"] = [{**asdict(each), "body": _text(each.body)} for each in sent]
        found["answered"] = [{**asdict(each), "body": _text(each.body)} for each in answered]
    return found


def _lines(*, told: Told, sent: Sequence[Sent], answered: Sequence[Answered]) -> Iterator[str]:
    record = told.record
    yield (
        f"{record.external_identifier}: {record.state} in wave {record.wave_id} {record.wave_name!r} "
        f"({record.mode}, {record.dialect}, batch {record.batch}, {record.target_kraken})"
    )
    if record.parked_from:
        yield f"  parked as {record.parked_from}: Kraken may have it, or not"
    if record.kraken_identifier:
        yield f"  in Kraken as {record.kraken_identifier}"
    tries = {each.attempt: each for each in told.tries}
    for attempt in sorted({*tries, *(each.attempt for each in told.moves)}):
        tried = tries.get(attempt)
        yield _title(attempt=attempt, tried=tried)
        if tried is not None and (other := _other_mapping(tried=tried, before=tries.get(attempt - 1))):
            yield other
        yield from _told_in_try(told=told, attempt=attempt)
        yield from (
            f"  sent, built at {at(when=each.built_at)}: {_text(each.body)}"
            for each in sent
            if each.attempt == attempt
        )
        yield from (_answer(answer=each) for each in answered if each.attempt == attempt)


def _title(*, attempt: int, tried: Try | None) -> str:
    if tried is None:
        return "Before the first try:" if attempt == 0 else f"Try {attempt}:"
    ended = f"{tried.outcome} at {at(when=tried.settled_at)}" if tried.outcome else "not ended, or replaced"
    return f"Try {attempt}, wave {tried.wave_id}, from {at(when=tried.started_at)}: {ended}"


def _other_mapping(*, tried: Try, before: Try | None) -> str | None:
    """Return that another mapping than before has built this try; None where that is not known."""
    if before is None or not tried.built_by.differs(other=before.built_by):
        return None
    return f"  built by another mapping than the try before: {tried.built_by.in_words}"


def _answer(*, answer: Answered) -> str:
    status = "no answer" if answer.http_status is None else f"HTTP {answer.http_status}"
    return f"  answered to {answer.stage} at {at(when=answer.received_at)}, {status}: {_text(answer.body)}"


def _told_in_try(*, told: Told, attempt: int) -> Iterator[str]:
    """Say what happened in one try, in the order of time."""
    said = [
        *((each.occurred_at, _step(step=each)) for each in told.moves if each.attempt == attempt),
        *(
            (each.occurred_at, _error(told=told, error=each))
            for each in told.errors
            if each.attempt == attempt
        ),
        *(
            (each.decided_at, f"decided {each.answer} by {each.decided_by}: {each.reason}")
            for each in told.decisions
            if each.attempt == attempt
        ),
    ]
    for when, what in sorted(said, key=lambda each: each[0]):
        yield f"  {at(when=when)}  {what}"


def _step(*, step: Step) -> str:
    why = (
        f" ({step.error_code}{f' at {step.error_path}' if step.error_path else ''})"
        if step.error_code
        else ""
    )
    return f"{step.from_state} → {step.to_state}{why}" if step.from_state else f"{step.to_state}{why}"


def _error(*, told: Told, error: Error) -> str:
    column = _column(told=told, error=error)
    where = error.indexed_path or "the whole record"
    return f"{error.severity} {error.code} at {where}{f' ← {column}' if column else ''}: {error.detail}"


def _column(*, told: Told, error: Error) -> str:
    mapped = _mapped(told.record.dialect)
    traced = mapped.trace(path=error.path, code=error.code, detail=error.detail, origin=error.origin)
    return traced.source


@cache
def _mapped(dialect: str) -> Mapped:
    return mapped_of(dialect=dialect)


def _text(body: bytes) -> str:
    return body.decode(errors="replace")
