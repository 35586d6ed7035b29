"""What waves leave to people, as the console shows it and gives it to owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import OPEN, State
from kraken_import.tracking import board, cutover, leftovers
from kraken_import.tracking.cutover import LEFTOVERS, Leftover, Ownership
from kraken_import.tracking.leftovers import Choice, Count, Left
from kraken_import.tracking.overview import WaveLine
from kraken_import.usecases.cutover import CALLED, CALLED_ONE, in_the_way
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc

_OF_MONEY: Final = frozenset({"balance_differs", "batch_money"})
"""Kinds of differences that name amounts."""
_LONGEST_OWNER: Final = 100


def what_is_left(*, left: Left, sees_amounts: bool) -> str:
    """Say what a leftover is about; a customer's amounts only to those who may see them."""
    if left.kind == "hand_back":
        return left.words
    if left.kind == "late_change":
        changes = int(left.words)
        said = "1 change" if changes == 1 else f"{changes:,} changes"
        return f"{said} since it was read, last {in_utc(at=left.since)}"
    where = f"batch {left.words}: " if left.words else ""
    ledger = f" ({left.path})" if left.path else ""
    if left.code in _OF_MONEY and not sees_amounts:
        return f"{where}the amounts differ{ledger}; they are shown to those who may see personal data"
    return f"{where}here {left.ours}, there {left.theirs}{ledger}"


def matching(*, counts: Sequence[Count], choice: Choice) -> dict[Leftover, int]:
    """Count what matches a choice, by kind; kinds without any are left out."""
    found = dict.fromkeys(choice.kinds, 0)
    for each in _meant(counts=counts, choice=choice):
        found[each.kind] += each.entries
    return {kind: entries for kind, entries in found.items() if entries}


def digest_of(*, counts: Sequence[Count], choice: Choice) -> int:
    """Return the digest of what matches a choice: that of others is another, however many they are."""
    digest = 0
    for each in _meant(counts=counts, choice=choice):
        digest ^= each.digest
    return digest


def _meant(*, counts: Sequence[Count], choice: Choice) -> list[Count]:
    return [
        each
        for each in counts
        if each.kind in choice.kinds
        and choice.code in (None, each.code)
        and choice.whose in (None, "some" if each.owned else "none")
    ]


def in_words(*, found: Mapping[Leftover, int]) -> str:
    """Say how many leftovers there are of each kind."""
    said = [f"{count:,} {CALLED_ONE[kind] if count == 1 else CALLED[kind]}" for kind, count in found.items()]
    return ", ".join(said) or "nothing"


def chosen_in_words(*, choice: Choice) -> str:
    """Say by what leftovers were chosen."""
    if choice.picked is not None:
        return "picked by hand"
    parts = [] if choice.code is None else [f"with code {choice.code}"]
    parts += {"none": ["without an owner"], "some": ["that have an owner"], None: []}[choice.whose]
    return "all" + (f" {' '.join(parts)}" if parts else "")


def own_leftovers(*, tracking: Engine, choice: Choice, ownership: Ownership, shown: int, digest: int) -> str:
    """Give an owner to all that match. Returns one sentence.

    Raises `BadRequest`, and changes nothing, without an owner or where others than were shown match.
    """
    owner = ownership.owner.strip()
    if not owner or len(owner) > _LONGEST_OWNER:
        raise BadRequest(f"Say who the owner is, in at most {_LONGEST_OWNER} characters.")
    with tracking.begin() as connection:
        owned, which = leftovers.own(
            connection=connection,
            choice=choice,
            ownership=replace(ownership, owner=owner, note=ownership.note or None),
        )
        if (owned, which) != (shown, digest):
            now = "As many match now, but others" if owned == shown else f"{owned:,} match now"
            raise BadRequest(
                f"{now}, and {shown:,} were shown: another person was quicker, or the lists were made again. "
                "Nothing was done; look again."
            )
    return f"{owned:,} {'entry has' if owned == 1 else 'entries have'} the owner now."


def before_closing(*, connection: Connection, wave: WaveLine) -> list[str]:
    """Say what keeps a wave from being closed, by its lists as they were last made and without reading it."""
    states = board.states(connection=connection, wave_ids=[wave.id])[wave.id]
    return in_the_way(
        is_finished=wave.finished_at is not None,
        reruns=cutover.running_reruns(connection=connection, wave_id=wave.id),
        still_open=sum(states.get(state, 0) for state in OPEN),
        parked=states.get(State.PARKED, 0),
        unowned=cutover.unowned(connection=connection, wave_id=wave.id),
    )


def choice_of(*, wave_id: int | None, dialects: Sequence[str], values: Mapping[str, str]) -> Choice:
    """Return the leftovers that a form or an address means. Raises `BadRequest`."""
    kind, whose = values.get("of", ""), values.get("whose", "")
    kinds = [each for each in LEFTOVERS if kind in ("", each)]
    if not kinds or whose not in ("", "none", "some"):
        raise BadRequest("There is no such filter: choose one on the page of the wave's cut-over.")
    picked: dict[Leftover, list[str]] | None = None
    if values.get("picked"):
        picked = {}
        for word in values["picked"].split("."):
            name, _, key = word.partition(":")
            found = next((each for each in LEFTOVERS if each == name), None)
            if found is None or not key or len(key) > 40:
                raise BadRequest("What was picked cannot be read: go back, and pick it again.")
            picked.setdefault(found, []).append(key)
        kinds = list(picked)
    return Choice(
        wave_id=wave_id,
        dialects=dialects,
        kinds=kinds,
        code=values.get("code") or None,
        whose="none" if whose == "none" else "some" if whose == "some" else None,
        picked=picked,
    )
