"""Money: sums that must be exact, and on which side of the last statement bookings are. Never a float."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeAlias

from transforms.findings import Finding
from transforms.rules.engine import Batch, Document, Fault, ObjectRule, Prepare, Rule

Parts: TypeAlias = Callable[[Document], tuple[Decimal, Decimal] | None]

Extent: TypeAlias = tuple[str, str] | None
"""The first and the last day of some transactions; None without any."""

Closing: TypeAlias = Callable[[Document, Document], str | None]
"""The day on which the last statement closed, from the account and one of its ledgers; None without one."""

_ZERO: Final = Decimal(0)
_CLOSING: Final = "last_statement_closing_date"
_NEVER: Final = "9999-12-31"
_CREDITS: Final = ("PAYMENT", "CREDIT")


def amount(text: str | None) -> Decimal:
    """A decimal text as an exact number; 0 for none. Of twenty digits at most, so that sums stay exact."""
    return Decimal(text) if text else _ZERO


def is_prepay(entry: Document) -> bool:
    """Return whether a booking was sent to a prepay meter, and so is on no statement."""
    return bool(entry.get("to_prepay_meter_serial_number"))


def total(transactions: Iterable[Mapping[str, Any]] | None) -> Decimal:
    """The sum of transactions, as Kraken counts: payments and credits up, the others down.

    Those of a prepay meter are on no statement. A reversed charge or credit has a minus of its own.
    """
    found = _ZERO
    for entry in transactions or ():
        if not entry.get("to_prepay_meter_serial_number"):
            if entry["type"] in _CREDITS:
                found += Decimal(entry["amount"])
            else:
                found -= Decimal(entry["amount"])
    return found


def entries(node: Document, place: str) -> Iterator[tuple[str, Document]]:
    """The entries of a list below an object with their paths; dotted where lists are inside lists."""
    name, _, rest = place.partition(".")
    for index, item in enumerate(node.get(name) or ()):
        if rest:
            for path, entry in entries(item, rest):
                yield f"{name}.{index}.{path}", entry
        else:
            yield f"{name}.{index}", item


def booked(node: Document, *places: str) -> list[Document]:
    """The entries of lists below an object, without their paths: what most accounts are cleared by."""
    found: list[Document] = []
    for place in places:
        if "." in place:
            name, _, rest = place.partition(".")
            for item in node.get(name) or ():
                found += booked(item, rest)
        else:
            found += node.get(place) or ()
    return found


def days(node: Document, *places: str) -> list[str]:
    """The days of the transactions in lists below an object."""
    return [
        entry["transaction_date"]
        for place in places
        for entry in (booked(node, place) if "." in place else node.get(place) or ())
    ]


@cache
def _extent(lists: tuple[str, ...]) -> Prepare:
    """What gives the extent of lists below an object. Rules that name the same lists share it."""

    def extent(node: Document) -> Extent:
        found = days(node, *lists)
        return (min(found), max(found)) if found else None

    return extent


def shown(difference: Decimal) -> str:
    """An amount for a detail: two places, or as many as it has."""
    plain = f"{difference:f}"
    whole, _, fraction = plain.partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def adds_up(path: str, *, code: str, field: str, explanation: str, parts: Parts) -> Rule:
    """Two sums of an object that must be the same: `parts` gives both, or None where neither is."""

    def faults(node: Document) -> Iterator[Fault]:
        both = parts(node)
        if both is not None and both[0] != both[1]:
            yield Fault(field, f"They differ by {shown(both[0] - both[1])}.")

    return ObjectRule(code=code, path=path, explanation=explanation, faults=faults, fields=(field,))


def own_closing(_: Document, ledger: Document) -> str | None:
    """The day that the ledger itself names."""
    return ledger.get(_CLOSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRule(Rule):
    """About each ledger at some places: only one that is not clear by itself is looked at with its account.

    The place "" is the account, where it keeps its transactions itself.
    """

    places: tuple[str, ...]
    faults: Callable[[Document, Document], Iterable[Fault]]
    """Yield what is wrong with a ledger, from its account and itself."""
    fields: tuple[str, ...]
    """The generic places below a ledger that it may name."""
    is_clear: Callable[..., bool] = lambda *_: False
    """Is given the ledger, and the extent of each of `extents`."""
    extents: tuple[tuple[str, ...], ...] = ()
    """Lists of transactions below a ledger, taken together."""
    where: tuple[str, ...] = ()
    """Generic places below a ledger: one that has nothing at any of them passes."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Each place with each of the fields."""
        return tuple(_below(place, name) for place in self.places for name in self.fields)

    def run(self, *, batch: Batch) -> Iterator[tuple[int, Finding]]:
        """Look at each ledger of the batch."""
        is_clear = self.is_clear
        for place in self.places:
            level = batch.level(path=place)
            extents = [batch.prepared(path=place, prepare=_extent(lists)) for lists in self.extents]
            rows: Iterable[tuple[int, tuple[Any, ...]]] = enumerate(zip(level.nodes, *extents, strict=True))
            if self.where:
                having = {
                    index
                    for name in self.where
                    for index in batch.owners(path=_below(place, name), among=place)
                }
                rows = [(index, (level.nodes[index],)) for index in sorted(having)]
            for index, given in rows:
                if is_clear(*given):
                    continue
                number = level.owners[index]
                for fault in self.faults(batch.documents[number], given[0]):
                    _, path = level.whose(index=index)
                    yield number, self.finding(path=_below(path, fault.field), detail=fault.detail)


def history_before_closing(
    *, places: tuple[str, ...], lists: tuple[str, ...], closing: Closing = own_closing
) -> Rule:
    """No past transaction is after the last statement. `lists` are places below a ledger."""

    def is_clear(ledger: Document, past: Extent) -> bool:
        return past is None or bool(past[1] <= ledger.get(_CLOSING, ""))

    def faults(account: Document, ledger: Document) -> Iterator[Fault]:
        closed = closing(account, ledger)
        for name in lists if closed else ():
            for place, entry in entries(ledger, name):
                if entry["transaction_date"] > (closed or ""):
                    yield Fault(f"{place}.transaction_date")

    return LedgerRule(
        code="historical_statement_transaction_after_last_statement_closing_date",
        path="",
        explanation="A transaction of the past must not be after the last statement.",
        places=places,
        extents=(lists,),
        is_clear=is_clear,
        faults=faults,
        fields=_dates(lists),
    )


def current_after_closing(
    *,
    places: tuple[str, ...],
    history: tuple[str, ...],
    current: tuple[str, ...],
    closing: Closing = own_closing,
) -> Rule:
    """Current transactions are after the last statement, except prepay vends.

    Where the ledger does not name the day itself, transactions of that very day may be current, unless some
    of that day are history.
    """

    def is_clear(ledger: Document, now: Extent) -> bool:
        return now is None or bool(now[0] > ledger.get(_CLOSING, _NEVER))

    def faults(account: Document, ledger: Document) -> Iterator[Fault]:
        closed = closing(account, ledger)
        if not closed:
            return
        taken = own_closing(account, ledger) is not None or closed in days(ledger, *history)
        for name in current:
            for place, entry in entries(ledger, name):
                day = entry["transaction_date"]
                if (day < closed or (taken and day == closed)) and not is_prepay(entry):
                    yield Fault(f"{place}.transaction_date")

    return LedgerRule(
        code="current_statement_transaction_before_current_statement_opening_date",
        path="",
        explanation="A current transaction must be after the last statement.",
        places=places,
        extents=(current,),
        is_clear=is_clear,
        faults=faults,
        fields=_dates(current),
    )


def history_before_current(*, places: tuple[str, ...], history: str, current: str) -> Rule:
    """No past transaction is after the first current one of its ledger, except prepay vends."""

    def is_clear(_: Document, past: Extent, now: Extent) -> bool:
        return past is None or now is None or past[1] <= now[0]

    def faults(_: Document, ledger: Document) -> Iterator[Fault]:
        later = [entry["transaction_date"] for entry in booked(ledger, current) if not is_prepay(entry)]
        first = min(later, default=_NEVER)
        for place, entry in entries(ledger, history):
            if entry["transaction_date"] > first and not is_prepay(entry):
                yield Fault(f"{place}.transaction_date")

    return LedgerRule(
        code="historical_statement_transaction_after_current_statement_transaction",
        path="",
        explanation="A transaction of the past must not be after a current one.",
        places=places,
        extents=((history,), (current,)),
        is_clear=is_clear,
        faults=faults,
        fields=_dates((history,)),
    )


def issued_after_closing(*, places: tuple[str, ...], closing: Closing = own_closing) -> Rule:
    """The last statement is not issued before it closes."""
    field = "last_statement_issue_date"

    def is_clear(ledger: Document) -> bool:
        return bool(ledger.get(field, _NEVER) >= ledger.get(_CLOSING, _NEVER))

    def faults(account: Document, ledger: Document) -> Iterator[Fault]:
        if ledger.get(field, _NEVER) < (closing(account, ledger) or ""):
            yield Fault(field)

    return LedgerRule(
        code="last_statement_issued_before_closing_date",
        path="",
        explanation="The last statement must not be issued before it closes.",
        places=places,
        is_clear=is_clear,
        faults=faults,
        fields=(field,),
    )


def history_has_ended(*, places: tuple[str, ...], lists: tuple[str, ...], today: date) -> Rule:
    """The last statement has closed already; without its day, the latest transaction of the past has come."""
    now = today.isoformat()

    def is_clear(ledger: Document, past: Extent) -> bool:
        closed = ledger.get(_CLOSING)
        return past is None or past[1] <= now if closed is None else bool(closed <= now)

    def faults(_: Document, ledger: Document) -> Iterator[Fault]:
        if ledger.get(_CLOSING) is not None:
            yield Fault(_CLOSING)
            return
        for name in lists:
            if max(days(ledger, name), default="") > now:
                yield Fault(name)

    return LedgerRule(
        code="historical_statement_period_end_in_future",
        path="",
        explanation="The last statement must not close in the future.",
        places=places,
        extents=(lists,),
        is_clear=is_clear,
        faults=faults,
        fields=(_CLOSING, *lists),
    )


def unique_transaction_ids(*, places: tuple[str, ...], lists: tuple[str, ...]) -> Rule:
    """No transaction of an account has the number of another; `lists` are the places below a ledger,
    dotted where lists are inside lists."""
    every = tuple(_below(place, name) for place in places for name in lists)

    def faults(account: Document) -> Iterator[Fault]:
        numbers = [entry["transaction_id"] for entry in booked(account, *every)]
        if len(set(numbers)) == len(numbers):
            return
        seen: set[str] = set()
        for name in every:
            for place, entry in entries(account, name):
                if entry["transaction_id"] in seen:
                    yield Fault(f"{place}.transaction_id")
                seen.add(entry["transaction_id"])

    return ObjectRule(
        code="duplicate_transaction_ids",
        path="",
        explanation="Every transaction of an account needs its own number.",
        faults=faults,
        fields=tuple(f"{name}.transaction_id" for name in every),
    )


def unique_in_ledgers(field: str, *, code: str, explanation: str) -> Rule:
    """No two ledgers of an account say the same in a field; those that leave it out are not compared."""

    def faults(account: Document) -> Iterator[Fault]:
        seen: set[str] = set()
        for index, ledger in enumerate(account["ledgers"]):
            value = ledger.get(field)
            if value in seen:
                yield Fault(f"ledgers.{index}.{field}")
            if value is not None:
                seen.add(value)

    return ObjectRule(
        code=code,
        path="",
        explanation=explanation,
        faults=faults,
        fields=(f"ledgers.{field}",),
        needs=("ledgers",),
    )


def _dates(lists: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}.transaction_date" for name in lists)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
