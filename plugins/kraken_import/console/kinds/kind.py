"""What a kind of order is: what it would do is shown first, then it is done once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.tracking import actions
from kraken_import.tracking.actions import Action, NewAction, Outcome

_BEGINNING: Final = timedelta(minutes=1)
"""How long an order may take until what it begins can be seen."""


def is_young(*, action: Action) -> bool:
    """Return whether an order may be on its way still: the server that took it has not ended it yet."""
    return datetime.now(UTC) - action.ordered_at < _BEGINNING


def others_fit(*, fit: int, shown: str) -> str:
    """Return why an order about other records than were shown is not carried out."""
    if str(fit) == shown:
        return (
            f"As many records fit now as were shown ({fit:,}), but others: one has left them, and another "
            "has joined them. Nothing was done; open the page again, and look."
        )
    return (
        f"{fit:,} records fit now, and {shown or 'none'} were shown: nothing was done; open the page again, "
        "and look."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something else than the reason that the person fills in; `options` are (value, word) to choose from."""

    name: str
    label: str
    type: str = "text"
    value: str = ""
    options: Sequence[tuple[str, str]] = ()
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an order would do, as the person reads it before it is done. No identifier stands in it."""

    title: str
    words: str
    button: str
    dialect: str | None = None
    wave_id: int | None = None
    records: int | None = None
    """How many records it is about: an order about another number than was shown is refused."""
    digest: str = ""
    """Which they are, where it is about all that match: an order about others than were shown is refused."""
    refusal: str = ""
    """Why it makes no sense now; blank where it does."""
    fields: Sequence[Field] = ()
    is_dangerous: bool = False
    dag_id: str | None = None
    run_id: str | None = None
    selection_id: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    """What the form carries on, beside what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How an order stands: `outcome` is None while it is carried out."""

    sentence: str
    outcome: Outcome | None = None


def is_at_work(*, asked: Asked, action: Action) -> bool:
    """Return whether the process that took an order is still carrying it out."""
    with asked.read() as connection:
        return actions.is_held(connection=connection, action_id=action.id)


class AtOnce:
    """Orders that are carried out by the process that takes them, before it answers."""

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return that it is being carried out, or was broken off: the process that did so is gone."""
        with asked.read() as connection:
            if actions.is_held(connection=connection, action_id=action.id):
                return Progress(sentence="It is being carried out.")
            # It may have come to its end since it was looked up.
            found = actions.find(connection=connection, action_id=action.id)
        if found is not None and found.outcome is not None:
            return Progress(sentence=found.result or "", outcome=found.outcome)
        return Progress(sentence=BROKEN_OFF, outcome="failed")


BROKEN_OFF: Final = (
    "It was broken off: the process that carried it out is gone. None, a part or all of it may be done: "
    "order it again, and the next page says what is left to do."
)


class Kind(Protocol):
    """One kind of order."""

    @property
    def name(self) -> str:
        """Return what the order is called in addresses and in the log."""

    @property
    def act(self) -> Act:
        """Return what permission it needs."""

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what the order would do. Raises `NotFound`, and `BadRequest` for senseless values."""

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Do it. Raises `BadRequest` where it is refused, with a sentence."""

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return how it stands now, of an order that `carry_out` did not end."""
