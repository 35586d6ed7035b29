"""What transactions, statements and balances are refused for.

An account has them on itself or, as the newer way, on each of its ledgers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from kraken_import.simulator.rules.declared import Breach, Context, Found
from kraken_import.simulator.rules.edf.billed import billed_above, billed_to
from kraken_import.simulator.rules.edf.book import BOOK, add_order, add_past, meters_of, once, repeated
from kraken_import.simulator.rules.values import amount, as_day, day_after, objects

_ON: Final = "EnergyAccount"
_TRANSACTIONS: Final = (
    "EnergyCredit",
    "EnergyCharge",
    "EnergyPayment",
    "EnergyRepayment",
    "EnergySupplyCharge",
)
_ADDS: Final = frozenset(("PAYMENT", "CREDIT"))
_HISTORICAL: Final = "historical_statement_transactions"
_CURRENT: Final = "current_statement_transactions"
_PENNY: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)

add_past("transaction_date", *_TRANSACTIONS, code="transaction_in_future")
add_order("start_date", "end_date", "LineItem")


@once
def books_of(account: Found, _: Context) -> tuple[tuple[str, Found], ...]:
    """Where the account has transactions and statements: on itself and on its ledgers, with their paths."""
    return (
        ("", account),
        *[(f"ledgers.{index}.", ledger) for index, ledger in objects(account.get("ledgers"))],
    )


def _dated(book: Found, name: str, *, with_vends: bool = True) -> list[tuple[int, date]]:
    """The dates of a book's transactions with their indexes; vends of prepay meters are of no statement."""
    days = []
    for index, each in objects(book.get(name)):
        if with_vends or not each.get("to_prepay_meter_serial_number"):
            day = as_day(each["transaction_date"])
            if day:
                days.append((index, day))
    return days


def _sum(book: Found, name: str) -> Decimal:
    total = _ZERO
    for each in book.get(name) or ():
        if not each.get("to_prepay_meter_serial_number"):
            if each["type"] in _ADDS:
                total += Decimal(each["amount"] or 0)
            else:
                total -= Decimal(each["amount"] or 0)
    return total


def _closing(book: Found, account: Found, context: Context) -> date | None:
    """When the last statement was closed: as told here or beside, or else the earliest day billed to."""
    told = as_day(book.get("last_statement_closing_date"))
    told = told or as_day(account.get("last_statement_closing_date"))
    if told is None and book is account:
        beside = [each for _, each in objects(account.get("ledgers")) if not _has_transactions(each)]
        days = {as_day(each.get("last_statement_closing_date")) for each in beside} - {None}
        told = days.pop() if len(days) == 1 else None
    return told or min(billed_above(account, context), default=None)


def _has_transactions(book: Found) -> bool:
    return bool(book.get(_HISTORICAL) or book.get(_CURRENT))


def _positive(holder: Found, *names: str) -> Iterator[Breach]:
    for name in names:
        if amount(holder.get(name)) < 0:
            yield Breach(name, "This must not be negative.", "invalid")


@BOOK.rule(
    "invalid", on="EnergyPayment", at="amount", source="served: EnergyPayment.amount, in its description"
)
def _payment(payment: Found, _: Context) -> Iterator[Breach]:
    """amount: negative, which only charges and credits may be."""
    yield from _positive(payment, "amount")


BOOK.add(
    "invalid",
    on="EnergyRepayment",
    says="amount: negative, which only charges and credits may be.",
    check=_payment,
    source="served: EnergyRepayment.amount, in its description",
)


@BOOK.rule("transactions_target_non_initialised_prepay_meter", on=_ON, amid="to_prepay_meter_serial_number")
def _vends(account: Found, context: Context) -> Iterator[Breach]:
    """A transaction names the serial number of no meter that has prepay_details."""
    meters: set[str] | None = None
    for path, book in books_of(account, context):
        for name in (_CURRENT, _HISTORICAL):
            for index, each in objects(book.get(name)):
                serial = each.get("to_prepay_meter_serial_number")
                if not serial:
                    continue
                if meters is None:
                    meters = {
                        m["meter_serial_number"]
                        for _, _, m in meters_of(account, context)
                        if m.get("prepay_details")
                    }
                if serial not in meters:
                    where = f"{path}{name}.{index}.to_prepay_meter_serial_number"
                    yield Breach(where, "No meter of this number has prepay details.")


@BOOK.rule("duplicate_transaction_ids", "missing_transaction_id", on=_ON)
def _identifiers(account: Found, context: Context) -> Iterator[Breach]:
    """A transaction has a blank transaction_id, or the same as another one of the account."""
    ids = [
        each["transaction_id"]
        for _, book in books_of(account, context)
        for each in (*(book.get(_CURRENT) or ()), *(book.get(_HISTORICAL) or ()))
    ]
    if not all(ids):
        yield Breach("", "A transaction has no identifier.", "missing_transaction_id")
    if repeated(ids):
        yield Breach("", "Two transactions have the same identifier.", "duplicate_transaction_ids")


@BOOK.rule(
    "billing_document_identifier_not_allowed_for_current_statement_transactions",
    "historical_statement_billing_document_identifier_mismatch",
    on=_ON,
    amid="billing_document_identifier",
)
def _documents(account: Found, context: Context) -> Iterator[Breach]:
    """A current transaction names a billing document, or the historical ones name different documents."""
    for path, book in books_of(account, context):
        for index, each in objects(book.get(_CURRENT)):
            if each.get("billing_document_identifier"):
                code = "billing_document_identifier_not_allowed_for_current_statement_transactions"
                where = f"{path}{_CURRENT}.{index}.billing_document_identifier"
                yield Breach(where, "Only historical transactions have this.", code)
        named = {each.get("billing_document_identifier") for _, each in objects(book.get(_HISTORICAL))}
        if len(named - {None, ""}) > 1:
            code = "historical_statement_billing_document_identifier_mismatch"
            yield Breach(f"{path}{_HISTORICAL}", "They name different documents.", code)


@BOOK.rule("historical_statement_period_end_in_future", on=_ON)
def _future(account: Found, context: Context) -> Iterator[Breach]:
    """last_statement_closing_date is in the future."""
    for path, book in books_of(account, context):
        closing = as_day(book.get("last_statement_closing_date"))
        if closing is not None and closing > context.today:
            yield Breach(f"{path}last_statement_closing_date", f"{closing} is in the future.")


@BOOK.rule(
    "historical_statement_transactions_without_last_statement_closing_date_or_last_billed_to_date",
    "historical_statement_transaction_after_last_statement_closing_date",
    "historical_statement_transaction_after_current_statement_transaction",
    on=_ON,
    amid="historical_statement_transactions",
)
def _historical(account: Found, context: Context) -> Iterator[Breach]:
    """Historical transactions: no closing day is known, or one is after that day or after a current one."""
    for path, book in books_of(account, context):
        historical = _dated(book, _HISTORICAL)
        if not historical:
            continue
        closing = _closing(book, account, context)
        if closing is None and not billed_to(account, context):
            code = (
                "historical_statement_transactions_without_last_statement_closing_date_or_last_billed_to_date"
            )
            yield Breach(f"{path}{_HISTORICAL}", "Tell when the last statement was closed.", code)
        for index, day in historical:
            if closing is not None and day > closing:
                code = "historical_statement_transaction_after_last_statement_closing_date"
                where = f"{path}{_HISTORICAL}.{index}.transaction_date"
                yield Breach(where, f"{day} is after the statement's close, {closing}.", code)
        current = _dated(book, _CURRENT)
        if current and max(day for _, day in historical) > min(day for _, day in current):
            code = "historical_statement_transaction_after_current_statement_transaction"
            yield Breach(f"{path}{_HISTORICAL}", "One is after a current transaction.", code)


@BOOK.rule(
    "current_statement_transaction_before_current_statement_opening_date",
    "current_statement_transaction_before_last_billed_to_date",
    on=_ON,
    amid="current_statement_transactions",
)
def _current(account: Found, context: Context) -> Iterator[Breach]:
    """A current transaction that is not a vend is before the statement opened or before any day billed to."""
    billed = min(billed_to(account, context), default=None)
    for path, book in books_of(account, context):
        closing = as_day(book.get("last_statement_closing_date"))
        opening = day_after(closing) if closing else _closing(book, account, context)
        for index, day in _dated(book, _CURRENT, with_vends=False):
            where = f"{path}{_CURRENT}.{index}.transaction_date"
            if opening is not None and day < opening:
                code = "current_statement_transaction_before_current_statement_opening_date"
                yield Breach(where, f"{day} is before the statement opened, {opening}.", code)
            elif billed is not None and day < billed:
                code = "current_statement_transaction_before_last_billed_to_date"
                yield Breach(where, f"{day} is before the day billed to, {billed}.", code)


@BOOK.rule("last_statement_issued_before_closing_date", on=_ON, amid="last_statement_issue_date")
def _issued(account: Found, context: Context) -> Iterator[Breach]:
    """last_statement_issue_date is before the statement's close."""
    for path, book in books_of(account, context):
        issued = as_day(book.get("last_statement_issue_date"))
        closing = None if issued is None else _closing(book, account, context)
        if issued is not None and closing is not None and issued < closing:
            where = f"{path}last_statement_issue_date"
            yield Breach(where, f"Closed on {closing}.")


@BOOK.rule("historical_statement_transactions_balance_mismatch", on=_ON)
def _last_balance(account: Found, context: Context) -> Iterator[Breach]:
    """Historical transactions that are not vends do not add up to last_statement_balance, or zero."""
    sums = [
        (path, _sum(book, _HISTORICAL), amount(book.get("last_statement_balance")))
        for path, book in books_of(account, context)
    ]
    own_total, own_told = sums[0][1:]
    # The account may have the one, and its ledgers the other.
    if own_total != own_told and sum(total - told for _, total, told in sums) == 0:
        return
    for path, total, told in sums:
        if total != told:
            yield Breach(f"{path}{_HISTORICAL}", f"They add up to {total}, not to {told}.")


@BOOK.rule("balance_mismatch_on_transfer_balance", on=_ON, needs="transfer_balance")
def _transfer_balance(account: Found, context: Context) -> Iterator[Breach]:
    """Last statements and current transactions that are not vends do not add up to transfer_balance."""
    told: Any = account.get("transfer_balance")
    if told is None:
        return
    total = sum(
        (
            amount(book.get("last_statement_balance")) + _sum(book, _CURRENT)
            for _, book in books_of(account, context)
        ),
        Decimal(0),
    )
    if total != amount(told):
        yield Breach("transfer_balance", f"Statements and transactions add up to {total}.")


@BOOK.rule("ledger_balances_not_equal_to_transfer_balance", on=_ON, needs="transfer_balance")
def _ledger_balances(account: Found, _: Context) -> Iterator[Breach]:
    """The ledgers' balances do not add up to transfer_balance."""
    balances = [each.get("ledger_balance") for _, each in objects(account.get("ledgers"))]
    told, given = account.get("transfer_balance"), [each for each in balances if each is not None]
    if told is not None and given and sum(map(amount, given)) != amount(told):
        yield Breach("transfer_balance", f"The ledgers add up to {sum(map(amount, given))}.")


@BOOK.rule("duplicate_ledger_entries_found", "duplicate_identifiers_entries_found", on=_ON, needs="ledgers")
def _ledgers(account: Found, _: Context) -> Iterator[Breach]:
    """Two ledgers have the same ledger_code or the same ledger_identifier."""
    ledgers = account.get("ledgers") or ()
    if len(ledgers) < 2:
        return
    if repeated(each.get("ledger_code") for each in ledgers):
        yield Breach("ledgers", "A ledger code is there twice.", "duplicate_ledger_entries_found")
    if repeated(each.get("ledger_identifier") for each in ledgers):
        yield Breach("ledgers", "An identifier is there twice.", "duplicate_identifiers_entries_found")


@BOOK.rule(
    "ledger_transaction_amount_does_not_match_with_line_item_net_amount_and_tax_amount",
    on="EnergySupplyCharge",
)
def _line_items(charge: Found, _: Context) -> Iterator[Breach]:
    """amount: neither the line items' net amounts nor those and the tax."""
    net = sum((amount(each["net_amount"]) for each in charge["line_items"]), Decimal(0))
    tax = sum((amount(each["amount"]) for _, each in objects(charge.get("tax_items"))), Decimal(0))
    if all(abs(amount(charge["amount"]) - total) > _PENNY for total in (net, net + tax)):
        yield Breach("amount", f"The line items add up to {net}, and {tax} of tax.")


@BOOK.rule(
    "supply_point_identifier_required_for_rate_specification_code",
    on="EnergySupplyCharge",
    amid="rate_specification_code",
)
def _rate_specification(charge: Found, _: Context) -> Iterator[Breach]:
    """A line item has a rate_specification_code, and the charge no supply_point_identifier."""
    is_specified = any(each.get("rate_specification_code") for each in charge["line_items"])
    if is_specified and not charge.get("supply_point_identifier"):
        yield Breach("supply_point_identifier", "Name the supply point.")


@BOOK.rule("conflicting_rate_band_specification", on="LineItem")
def _rate(item: Found, _: Context) -> Iterator[Breach]:
    """Not exactly one of rate_band, rate_specification_code and time_series_specification_code is given."""
    names = ("rate_band", "rate_specification_code", "time_series_specification_code")
    if sum(bool(item.get(name)) for name in names) != 1:
        yield Breach("rate_band", f"Give one of {', '.join(names)}.")


@BOOK.rule("incorrect_line_item_net_amount", on="LineItem")
def _net(item: Found, _: Context) -> Iterator[Breach]:
    """net_amount: more than a penny from price_per_unit times number_of_units."""
    if item.get("price_per_unit") is not None:
        net = amount(item["price_per_unit"]) * amount(item["number_of_units"])
        if abs(net - amount(item["net_amount"])) > _PENNY:
            yield Breach("net_amount", f"It should be {net}.")


@BOOK.rule("line_item_units_must_be_two_values", on="LineItem", at="units")
def _units(item: Found, _: Context) -> Iterator[Breach]:
    """units: not two readings."""
    if item.get("units") is not None and len(item["units"]) != 2:
        yield Breach("units", "Give two readings.")
