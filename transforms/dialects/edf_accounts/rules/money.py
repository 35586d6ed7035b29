"""Balances, transactions, statements and debts.

The served document states these rules of the account's own fields. Of balances and days it names the ledger's
in their place, and of transactions it does not, so either may stand in either of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from transforms.rules import dates, ledgers
from transforms.rules.engine import Circumstances, Document, Fault, Rule, inferred, object_rule, served

_PLACES: Final = ("ledgers", "")
"""Where transactions may be: in the ledgers, or in the account itself."""
_HISTORY: Final = "historical_statement_transactions"
_CURRENT: Final = "current_statement_transactions"
_LISTS: Final = (_HISTORY, _CURRENT)
_TRANSACTIONS: Final = tuple(f"ledgers.{name}" for name in _LISTS) + _LISTS
_CLOSING: Final = "last_statement_closing_date"
_NEVER: Final = "9999-12-31"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Balances, transactions, statements and debts."""
    return (*_sums(), *_days(given), *_identities(), *_prepay(), *_statements_and_debts())


def _sums() -> tuple[Rule, ...]:
    return served(
        "EnergyAccount", history_adds_up, ledger_adds_up, account_without_ledgers_adds_up(), ledgers_add_up()
    )


def _days(given: Circumstances) -> tuple[Rule, ...]:
    future = "transaction_in_future"
    return (
        *served(
            "EnergyAccount",
            ledgers.history_before_closing(places=_PLACES, lists=(_HISTORY,), closing=closing),
            ledgers.current_after_closing(
                places=_PLACES, history=(_HISTORY,), current=(_CURRENT,), closing=closing
            ),
            ledgers.history_before_current(places=_PLACES, history=_HISTORY, current=_CURRENT),
            ledgers.issued_after_closing(places=_PLACES, closing=closing),
            ledgers.history_has_ended(places=_PLACES, lists=(_HISTORY,), today=given.today),
            current_after_last_bill(),
            history_has_closing(),
        ),
        *served(
            "EnergyTransaction.transaction_date",
            *(
                dates.not_in_future(f"{path}.transaction_date", today=given.today, code=future)
                for path in _TRANSACTIONS
            ),
        ),
    )


def _identities() -> tuple[Rule, ...]:
    return (
        *served(
            "EnergyAccount",
            ledgers.unique_transaction_ids(places=_PLACES, lists=_LISTS),
            ledgers.unique_in_ledgers(
                "ledger_code",
                code="duplicate_ledger_entries_found",
                explanation="Two ledgers of an account must not have the same code.",
            ),
        ),
        *inferred(codes_of_several_ledgers),
    )


def _prepay() -> tuple[Rule, ...]:
    return served("EnergyAccount", targets_prepay_meter())


def _statements_and_debts() -> tuple[Rule, ...]:
    return (
        *inferred(dates.ordered("statements", start="bill_period_from_date", end="bill_period_to_date")),
        *served("Debt", debt_has_agency),
    )


def billed_to(account: Document) -> Iterator[str]:
    """Every day of billing in an account: its own, and those of supply points, meters and registers."""
    for meter in ledgers.booked(account, "supply_addresses.meter_points.meters"):
        for register in meter.get("registers") or ():
            yield from _own_day(register)
        yield from _own_day(meter)
    yield from _of_account_and_points(account)


def closing(account: Document, book: Document) -> str | None:
    """When the last statement of the account or of one of its ledgers closed.

    As that says itself, or else the other of the two, or else the earliest day of account and supply points.
    Days of meters and registers say nothing about statements.
    """
    if own := ledgers.own_closing(account, book):
        return own
    told = _told_beside(account, book)
    if len(told) > 1:
        return None
    return next(iter(told), None) or min(_of_account_and_points(account), default=None)


def _told_beside(account: Document, book: Document) -> set[str]:
    """Return the days of last statements on the other of the two, if that has no transactions."""
    others = (account,) if book is not account else account.get("ledgers") or ()
    return {
        each[_CLOSING] for each in others if each.get(_CLOSING) and not any(each.get(name) for name in _LISTS)
    }


@object_rule(
    "historical_statement_transactions_balance_mismatch",
    "The transactions before the last statement must add up to its balance.",
    fields=(_HISTORY, f"ledgers.{_HISTORY}"),
)
def history_adds_up(account: Document) -> Iterator[Fault]:
    """The history adds up to the last statement's balance; a missing list is empty, a missing balance 0."""
    own, *others = (
        ledgers.total(book.get(_HISTORY)) - ledgers.amount(book.get("last_statement_balance"))
        for book in (account, *(account.get("ledgers") or ()))
    )
    if own and sum(others, own) == 0:
        # The history is on the one, and the balance on the other.
        return
    places = ("", *(f"ledgers.{index}." for index in range(len(others))))
    for place, difference in zip(places, (own, *others), strict=True):
        if difference:
            yield _differ(f"{place}{_HISTORY}", difference)


@object_rule(
    "balance_mismatch_on_transfer_balance",
    "The last statement and what came after it must add up to the ledger's balance.",
    fields=("ledgers.ledger_balance",),
    needs=("ledgers",),
)
def ledger_adds_up(account: Document) -> Iterator[Fault]:
    """The last statement and what came after it add up to the ledger's balance."""
    found = {
        index: difference
        for index, ledger in enumerate(account["ledgers"])
        if ledger.get("ledger_balance") is not None
        and (difference := _brought_on(ledger) - ledgers.amount(ledger["ledger_balance"]))
    }
    # The parts of the balances may be on the account.
    if found and (own := _brought_on(account)) and sum(found.values(), own) == 0:
        return
    for index, difference in found.items():
        yield _differ(f"ledgers.{index}.ledger_balance", difference)


def account_without_ledgers_adds_up() -> Rule:
    """Without balances of ledgers, statements and transactions add up to the account's balance."""

    def parts(account: Document) -> tuple[Decimal, Decimal] | None:
        found = account.get("ledgers") or ()
        if account.get("transfer_balance") is None or (
            found and all(ledger.get("ledger_balance") is not None for ledger in found)
        ):
            return None
        total = sum(map(_brought_on, (account, *found)), Decimal(0))
        return total, ledgers.amount(account["transfer_balance"])

    return ledgers.adds_up(
        "",
        code="balance_mismatch_on_transfer_balance",
        field="transfer_balance",
        explanation="The last statement and what came after it must add up to the account's balance.",
        parts=parts,
    )


def ledgers_add_up() -> Rule:
    """The balances of the ledgers add up to the account's."""

    def parts(account: Document) -> tuple[Decimal, Decimal] | None:
        balances = [ledger.get("ledger_balance") for ledger in account.get("ledgers") or ()]
        found = [balance for balance in balances if balance is not None]
        if not found or account.get("transfer_balance") is None:
            return None
        return sum(map(ledgers.amount, found), Decimal(0)), ledgers.amount(account["transfer_balance"])

    return ledgers.adds_up(
        "",
        code="ledger_balances_not_equal_to_transfer_balance",
        field="transfer_balance",
        explanation="The balances of the ledgers must add up to the account's.",
        parts=parts,
    )


def current_after_last_bill() -> Rule:
    """No current transaction is older than the earliest day of billing, but for prepay vends."""

    def is_clear(_: Document, now: ledgers.Extent) -> bool:
        return now is None

    def faults(account: Document, ledger: Document) -> Iterator[Fault]:
        # The earliest day of billing is no later than the account's own.
        if min(ledgers.days(ledger, _CURRENT)) >= (account.get("last_billed_to_date") or _NEVER):
            return
        billed = min(billed_to(account), default="")
        for place, entry in ledgers.entries(ledger, _CURRENT):
            if entry["transaction_date"] < billed and not ledgers.is_prepay(entry):
                yield Fault(f"{place}.transaction_date")

    return ledgers.LedgerRule(
        code="current_statement_transaction_before_last_billed_to_date",
        path="",
        explanation="A current transaction must not be before the day to which the account is billed.",
        places=_PLACES,
        extents=((_CURRENT,),),
        is_clear=is_clear,
        faults=faults,
        fields=(f"{_CURRENT}.transaction_date",),
    )


def history_has_closing() -> Rule:
    """History needs a day on which it closed, or one of billing."""

    def is_clear(book: Document) -> bool:
        return _CLOSING in book or not book.get(_HISTORY)

    def faults(account: Document, book: Document) -> Iterator[Fault]:
        if not any(billed_to(account)) and not _told_beside(account, book):
            yield Fault(_HISTORY)

    return ledgers.LedgerRule(
        code="historical_statement_transactions_without_last_statement_closing_date_or_last_billed_to_date",
        path="",
        explanation="Transactions of the past need the day of the last statement, or of the last bill.",
        places=_PLACES,
        is_clear=is_clear,
        faults=faults,
        fields=(_HISTORY,),
    )


@object_rule(
    "ledger_without_code",
    "An account has several ledgers, and this one does not say which it is: map its kind.",
    fields=("ledgers.ledger_code",),
)
def codes_of_several_ledgers(account: Document) -> Iterator[Fault]:
    """Where there are several ledgers, each says which one it is."""
    found = account.get("ledgers") or ()
    for index, ledger in enumerate(found):
        if len(found) > 1 and not ledger.get("ledger_code"):
            yield Fault(f"ledgers.{index}.ledger_code")


def targets_prepay_meter() -> Rule:
    """What was sent to a prepay meter was sent to one of the account's."""
    name = "to_prepay_meter_serial_number"

    def faults(account: Document, ledger: Document) -> Iterator[Fault]:
        known = {
            meter.get("meter_serial_number")
            for meter in ledgers.booked(account, "supply_addresses.meter_points.meters")
            if meter.get("prepay_details")
        }
        for each in _LISTS:
            for place, entry in ledgers.entries(ledger, each):
                if ledgers.is_prepay(entry) and entry[name] not in known:
                    yield Fault(f"{place}.{name}")

    return ledgers.LedgerRule(
        code="transactions_target_non_initialised_prepay_meter",
        path="",
        explanation="A transaction names a meter that is no prepay meter of the account with its balances.",
        places=_PLACES,
        faults=faults,
        where=tuple(f"{each}.{name}" for each in _LISTS),
        fields=tuple(f"{each}.{name}" for each in _LISTS),
    )


@object_rule(
    "debt_collection_agency_name_required",
    "A debt with a start needs the agency that collects it.",
    path="debts",
    fields=("agency_name",),
    needs=("start_date",),
)
def debt_has_agency(debt: Document) -> Iterator[Fault]:
    """A debt that was placed says with whom."""
    if not debt.get("agency_name"):
        yield Fault("agency_name")


def _differ(field: str, difference: Decimal) -> Fault:
    return Fault(field, f"They differ by {ledgers.shown(difference)}.")


def _brought_on(holder: Document) -> Decimal:
    return ledgers.amount(holder.get("last_statement_balance")) + ledgers.total(holder.get(_CURRENT))


def _of_account_and_points(account: Document) -> Iterator[str]:
    for point in ledgers.booked(account, "supply_addresses.meter_points"):
        yield from _own_day(point)
    yield from _own_day(account)


def _own_day(node: Document) -> Iterator[str]:
    day = node.get("last_billed_to_date")
    if day is not None:
        yield day
