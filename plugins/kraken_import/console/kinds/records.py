"""Other orders about chosen records: decide about parked ones, give them to an owner, export a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.console.chosen import Chosen, chosen
from kraken_import.console.kinds.choosing import (
    BEGUN,
    Work,
    barred,
    begin_run,
    begun_large,
    count_of,
    counted,
    met,
    standing_of_run,
    store,
    title_of,
)
from kraken_import.console.kinds.kind import AtOnce, Field, Kind, Progress, Scope
from kraken_import.console.triggering import state_of_run
from kraken_import.domain.lifecycle import State
from kraken_import.domain.texts import LONGEST_NAME, plain
from kraken_import.tracking import cutover, selections
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.usecases.faults import BadRequest

_ANSWERS: Final = (
    ("there", "Kraken has these records"),
    ("absent", "Kraken does not have them: Go on on the page of their wave creates them"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """States of parked records whether Kraken has them; Kraken is asked once more first."""

    name: str = "decide"
    act: Act = Act.CONTROL

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be decided about."""
        found = _parked(chosen(asked=asked, values=values))
        records, digest = count_of(asked=asked, found=found)
        refusal = "" if found.wave_id is not None else "Decide wave by wave: choose one of them."
        refusal = refusal or ("" if records else "None of these records is parked, so nothing is to decide.")
        if not refusal:
            with asked.read() as connection:
                refusal = met(asked=asked, connection=connection, found=found, but=None)
        return Scope(
            title=title_of("Decide about", found, records),
            words=f"{begun_large(found.words)}. You say whether Kraken has them; Kraken is asked about each "
            "once more, and nothing is decided if it contradicts you about one.",
            button=f"Decide about {counted(records)}",
            dialect=found.dialect,
            wave_id=found.wave_id,
            records=records,
            digest=digest,
            refusal=refusal,
            fields=(Field(name="answer", label="What is so", options=_ANSWERS),),
            is_dangerous=True,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Begin the run that asks Kraken and decides."""
        answer = values.get("answer", "")
        if answer not in dict(_ANSWERS):
            raise BadRequest("Say what is so: whether Kraken has these records, or not.")
        return begin_run(
            asked=asked,
            found=_parked(chosen(asked=asked, values=values)),
            scope=scope,
            action=action,
            work=Work(
                dag_id="control_wave",
                conf={
                    "action": "decide",
                    "wave": str(scope.wave_id),
                    "answer": answer,
                    "reason": action.reason,
                    # Another tracking database may have a wave of the same number.
                    **({"tracking": asked.place} if len(asked.surroundings.places()) > 1 else {}),
                },
            ),
        )

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return how many records were decided about."""
        if action.selection_id is not None:
            with asked.read() as connection:
                decided = selections.decided(
                    connection=connection, selection_id=action.selection_id, since=action.ordered_at
                )
            if decided:
                return Progress(
                    sentence=f"{counted(decided)} decided. What Kraken does not have, Go on creates: press "
                    "it on the page of the wave.",
                    outcome="done",
                )
        if action.dag_id is None or action.run_id is None:
            return standing_of_run(asked=asked, action=action)
        state = state_of_run(asked=asked, dag_id=action.dag_id, run_id=action.run_id)
        if state == "success":
            return Progress(sentence="It was decided before, so nothing was left to decide.", outcome="done")
        if state == "failed":
            return Progress(
                sentence="Nothing was decided: Kraken contradicts the answer about a record, gives none, or "
                "a worker is at work on them; the log of the run's task control says which.",
                outcome="refused",
            )
        return standing_of_run(asked=asked, action=action) if not state else Progress(sentence=BEGUN)


def _parked(found: Chosen) -> Chosen:
    return replace(found, matching=replace(found.matching, state=State.PARKED))


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveToOwner(AtOnce):
    """Gives records that were not migrated to a person who sees to them."""

    name: str = "give"
    act: Act = Act.OWN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be given."""
        found = chosen(asked=asked, values=values)
        records, digest = count_of(asked=asked, found=found)
        refusal = (
            ""
            if found.is_live
            else "These are rehearsals: they migrate no customer, so no one has to see to them."
        )
        if not records:
            refusal = refusal or barred(found=found, records=records)
        return Scope(
            title=title_of("Give to an owner:", found, records),
            words=f"{begun_large(found.words)}. The owner sees to what was not migrated, as the cut-over "
            "lists it. A record that has an owner keeps it; parked ones are decided about instead.",
            button=f"Give {counted(records)}",
            dialect=found.dialect,
            wave_id=found.wave_id,
            records=records,
            digest=digest,
            refusal=refusal,
            fields=(
                Field(name="owner", label="Owner"),
                Field(name="note", label="Note for the owner; name no customer", is_required=False),
            ),
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Give them."""
        owner = plain(text=values.get("owner", ""), most=LONGEST_NAME).strip()
        note = plain(text=values.get("note", ""), most=LONGEST_NAME).strip()
        if not owner:
            raise BadRequest("Say who the owner is.")
        found = chosen(asked=asked, values=values)
        selection = store(asked=asked, found=found, scope=scope, action=action, run=None)
        with asked.writer.begin() as connection:
            for wave in found.waves:
                cutover.list_hand_backs(connection=connection, wave_id=wave.id, at=datetime.now(UTC))
            given = selections.own(
                connection=connection, selection_id=selection, owner=owner, note=note or None
            )
        others = (scope.records or 0) - given
        more = f"; {counted(others)} left as before, owned already or parked" if others else ""
        return Progress(sentence=f"{counted(given)} given to {owner}{more}.", outcome="done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(AtOnce):
    """Makes a list of records with what was wrong, for those who mend the data: never with what was sent."""

    name: str = "export"
    act: Act = Act.OWN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be listed."""
        found = chosen(asked=asked, values=values)
        records, digest = count_of(asked=asked, found=found)
        return Scope(
            title=title_of("Export", found, records),
            words=f"{begun_large(found.words)}, as a CSV file: identifier, wave, state, error, legacy "
            "column and owner of each, as they stand when it is loaded; nothing of what was sent or "
            "answered.",
            button=f"Export {counted(records)}",
            dialect=found.dialect,
            wave_id=found.wave_id,
            records=records,
            digest=digest,
            refusal="" if records else barred(found=found, records=records),
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Store which records are listed."""
        found = chosen(asked=asked, values=values)
        store(asked=asked, found=found, scope=scope, action=action, run=None)
        return Progress(
            sentence=f"The list of {counted(scope.records or 0)} can be loaded below.", outcome="done"
        )


KINDS: Final[tuple[Kind, ...]] = (Decide(), GiveToOwner(), Export())
