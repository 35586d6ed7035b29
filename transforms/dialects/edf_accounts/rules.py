"""What EDF's Kraken refuses, as far as a payload alone can tell. Codes are those of its served document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import addresses, contacts, dates, identifiers, ledgers, metering, notes
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule, ValueRule

_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"
_METERS: Final = f"{_POINTS}.meters"
_HISTORY: Final = "historical_statement_transactions"
_CURRENT: Final = "current_statement_transactions"


def _names(account: Document) -> Iterator[Fault]:
    if account["account_type"].startswith("DOMESTIC"):
        for index, customer in enumerate(account.get("customers") or ()):
            if not customer.get("family_name"):
                yield Fault(f"customers.{index}.family_name")


def _occupier(account: Document) -> Iterator[Fault]:
    if account.get("unknown_occupier") and account.get("customers"):
        yield Fault("customers")


def _identifier(point: Document) -> Iterator[Fault]:
    is_valid = identifiers.is_mpan if point["supply_type"] == "ELECTRICITY" else identifiers.is_mprn
    if not is_valid(point["identifier"]):
        yield Fault("identifier")


def _early_agreements(point: Document) -> Iterator[Fault]:
    # Agreements that ended before the supply belong to an earlier one.
    start = point["supply_start_date"]
    for index, agreement in enumerate(point.get("agreements") or ()):
        if agreement["effective_from"] < start < (agreement.get("effective_to") or "9999"):
            yield Fault(f"agreements.{index}.effective_from")


def _uncovered(account: Document) -> Iterator[Fault]:
    day = account.get("last_billed_to_date")
    if not day:
        return
    for outer, address in enumerate(account.get("supply_addresses") or ()):
        for inner, point in enumerate(address["meter_points"]):
            agreements = point.get("agreements")
            if agreements and not any(
                agreement["effective_from"] <= day < (agreement.get("effective_to") or "9999")
                for agreement in agreements
            ):
                yield Fault(f"supply_addresses.{outer}.meter_points.{inner}.agreements")


def _meter_points_twice(account: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for outer, address in enumerate(account.get("supply_addresses") or ()):
        here = set()
        for inner, point in enumerate(address["meter_points"]):
            if point["identifier"] in seen:
                yield Fault(f"supply_addresses.{outer}.meter_points.{inner}.identifier")
            here.add(point["identifier"])
        seen |= here


def _addresses_twice(account: Document) -> Iterator[Fault]:
    seen = set()
    for index, address in enumerate(account.get("supply_addresses") or ()):
        key = (address["supply_address1"], address.get("supply_address2"), address["supply_postcode"])
        if key in seen:
            yield Fault(f"supply_addresses.{index}")
        seen.add(key)


def _no_meters(point: Document) -> Iterator[Fault]:
    if not point.get("meters"):
        yield Fault("meters")


def _no_agreements(point: Document) -> Iterator[Fault]:
    if not point.get("agreements"):
        yield Fault("agreements")


def _no_registers(point: Document) -> Iterator[Fault]:
    if point["supply_type"] == "ELECTRICITY":
        for index, meter in enumerate(point.get("meters") or ()):
            if not meter.get("registers") and not meter.get("removed_on"):
                yield Fault(f"meters.{index}.registers")


def _no_customer_reference(point: Document) -> Iterator[Fault]:
    if point["supply_type"] == "ELECTRICITY":
        for index, meter in enumerate(point.get("meters") or ()):
            is_active = meter.get("is_prepay") and not meter.get("removed_on")
            if is_active and not meter.get("prepay_customer_reference_number"):
                yield Fault(f"meters.{index}.prepay_customer_reference_number")


def _history_adds_up(ledger: Document) -> tuple[int, int] | None:
    if not ledger.get(_HISTORY):
        return None
    return ledgers.total(ledger[_HISTORY]), ledgers.cents(ledger.get("last_statement_balance"))


def _ledger_adds_up(ledger: Document) -> tuple[int, int] | None:
    if "last_statement_balance" not in ledger:
        return None
    brought_forward = ledgers.cents(ledger["last_statement_balance"])
    return brought_forward + ledgers.total(ledger.get(_CURRENT)), ledgers.cents(ledger["ledger_balance"])


def _account_adds_up(account: Document) -> tuple[int, int] | None:
    if not account.get("ledgers"):
        return None
    balances = sum(ledgers.cents(ledger["ledger_balance"]) for ledger in account["ledgers"])
    return balances, ledgers.cents(account["transfer_balance"])


def _open_schedules(account: Document) -> Iterator[Fault]:
    regular = [
        index
        for index, schedule in enumerate(account.get("payment_schedules") or ())
        if not schedule.get("is_debt_repayment_plan") and not schedule.get("end_date")
    ]
    if len(regular) > 1:
        yield Fault(f"payment_schedules.{regular[1]}")


def _endless_debt(schedule: Document) -> Iterator[Fault]:
    if schedule.get("debt_repayment_element") and not schedule.get("debt_repayment_end_date"):
        yield Fault("debt_repayment_end_date")


def _people(given: Circumstances) -> tuple[Rule, ...]:
    return (
        *contacts.phone_rules(
            "customers.mobile",
            "customers.landline",
            f"{_ADDRESSES}.property_administrators.mobile",
            f"{_ADDRESSES}.property_administrators.landline",
            region=given.region,
        ),
        *contacts.email_rules("customers.email", f"{_ADDRESSES}.property_administrators.email"),
        contacts.unique_email("customers.email"),
        *contacts.readable("billing_name", "customers.given_name", "customers.family_name"),
        dates.plausible_birth("customers.date_of_birth", today=given.today),
        ObjectRule(
            code="customer_family_name_required",
            path="",
            explanation="A customer of a domestic account needs a last name.",
            faults=_names,
            fields=("customers.family_name",),
        ),
        ObjectRule(
            code="customer_with_unknown_occupier",
            path="",
            explanation="An account of an unknown occupier has no customers.",
            faults=_occupier,
            fields=("customers",),
        ),
    )


def _places() -> tuple[Rule, ...]:
    return (
        addresses.postcode("billing_postcode", country="GB"),
        addresses.postcode(f"{_ADDRESSES}.supply_postcode", country="GB"),
        ObjectRule(
            code="duplicate_supply_addresses_found",
            path="",
            explanation="An account may have an address once.",
            faults=_addresses_twice,
            fields=("supply_addresses",),
        ),
        ObjectRule(
            code="duplicate_meter_points_on_different_supply_addresses_provided",
            path="",
            explanation="A meter point can stand at one address only.",
            faults=_meter_points_twice,
            fields=(f"{_POINTS}.identifier",),
        ),
    )


def _supply(given: Circumstances) -> tuple[Rule, ...]:
    return (
        ObjectRule(
            code="invalid_supply_point_identifier",
            path=_POINTS,
            explanation="The check digits of the MPAN or MPRN must be right.",
            faults=_identifier,
            fields=("identifier",),
        ),
        identifiers.unique_identifier(f"{_POINTS}.identifier"),
        ValueRule(
            code="erroneous_transfer_not_in_progress",
            path=f"{_POINTS}.et_in_progress",
            explanation="Nothing can be imported while an erroneous transfer is under way.",
            holds=lambda value: value is not True,
        ),
        ValueRule(
            code="disputed_read_in_progress",
            path=f"{_POINTS}.dr_in_progress",
            explanation="Nothing can be imported while a reading is disputed.",
            holds=lambda value: value is not True,
        ),
        dates.not_in_future(
            f"{_POINTS}.supply_start_date", today=given.today, code="future_supply_start_date"
        ),
        *dates.agreement_rules(_POINTS, supply_start="supply_start_date"),
        ObjectRule(
            code="agreement_start_date_before_supply_start_date",
            path=_POINTS,
            explanation="An agreement must not begin before the supply that it is for.",
            faults=_early_agreements,
            fields=("agreements.effective_from",),
        ),
        ObjectRule(
            code="meter_point_with_no_agreement",
            path=_POINTS,
            explanation="A meter point needs an agreement.",
            faults=_no_agreements,
            fields=("agreements",),
        ),
        ObjectRule(
            code="no_agreement_covering_last_billed_to_date",
            path="",
            explanation="An agreement must hold on the day to which the account is billed.",
            faults=_uncovered,
            fields=(f"{_POINTS}.agreements",),
        ),
    )


def _metering(given: Circumstances) -> tuple[Rule, ...]:
    return (
        ObjectRule(
            code="meter_point_with_no_meters",
            path=_POINTS,
            explanation="A meter point needs a meter.",
            faults=_no_meters,
            fields=("meters",),
        ),
        ObjectRule(
            code="registers_missing_for_active_electricity_meter",
            path=_POINTS,
            explanation="An electricity meter needs a register.",
            faults=_no_registers,
            fields=("meters.registers",),
        ),
        ObjectRule(
            code="electricity_prepay_meter_without_customer_reference_number",
            path=_POINTS,
            explanation="A prepay electricity meter needs its customer reference number.",
            faults=_no_customer_reference,
            fields=("meters.prepay_customer_reference_number",),
        ),
        identifiers.unique_serial_number(f"{_METERS}.meter_serial_number"),
        *metering.register_rules(_METERS),
        *metering.reading_rules(_METERS, today=given.today),
        *metering.prepay_rules(_METERS),
        *metering.consumption_rules(_POINTS, today=given.today),
        *metering.transfer_rules(points=_POINTS),
    )


def _money(given: Circumstances) -> tuple[Rule, ...]:
    return (
        ledgers.adds_up(
            "ledgers",
            code="historical_statement_transactions_balance_mismatch",
            field=_HISTORY,
            explanation="The transactions before the last statement must add up to its balance.",
            parts=_history_adds_up,
        ),
        ledgers.adds_up(
            "ledgers",
            code="balance_mismatch_on_transfer_balance",
            field="ledger_balance",
            explanation="The last statement and what came after it must add up to the ledger's balance.",
            parts=_ledger_adds_up,
        ),
        ledgers.adds_up(
            "",
            code="ledger_balances_not_equal_to_transfer_balance",
            field="transfer_balance",
            explanation="The balances of the ledgers must add up to the account's.",
            parts=_account_adds_up,
        ),
        ledgers.unique_transaction_ids("", lists=(_HISTORY, _CURRENT)),
        *ledgers.statement_rules("ledgers", history=(_HISTORY,), current=(_CURRENT,)),
        dates.not_in_future(
            "ledgers.last_statement_closing_date",
            today=given.today,
            code="historical_statement_period_end_in_future",
        ),
        ValueRule(
            code="zero_payment_schedule_amount",
            path="payment_schedules.amount",
            explanation="A regular payment must not be nothing.",
            holds=lambda value: ledgers.cents(value) != 0,
        ),
        ValueRule(
            code="invalid_payment_day_for_payment_schedule",
            path="payment_schedules.day_of_month",
            explanation="The day of a regular payment must lie between 1 and 31.",
            holds=lambda value: 1 <= value <= 31,
        ),
        ObjectRule(
            code="debt_repayment_missing_end_date",
            path="payment_schedules",
            explanation="The repayment of a debt needs an end.",
            faults=_endless_debt,
            fields=("debt_repayment_end_date",),
        ),
        ObjectRule(
            code="multiple_open_ended_payment_schedules",
            path="",
            explanation="Only one regular payment that is no repayment of a debt may run on.",
            faults=_open_schedules,
            fields=("payment_schedules",),
        ),
        dates.ordered("statements", start="bill_period_from_date", end="bill_period_to_date"),
    )


def _rest(given: Circumstances) -> tuple[Rule, ...]:
    return (
        # The guide's own example breaks it.
        dates.not_in_past("dunning_path.start_date", today=given.today, severity="warning"),
        dates.not_in_future(
            "last_payment_review_date", today=given.today, code="last_payment_review_date_is_future_dated"
        ),
        ValueRule(
            code="invalid_day_of_month",
            path="smart_read_cycle_day",
            explanation="The day must lie between 1 and 31.",
            holds=lambda value: 1 <= value <= 31,
        ),
        *notes.note_rules("notes"),
        notes.unique_metadata(),
        notes.unique_in_list("account_campaigns", "slug", code="duplicate_account_campaigns"),
    )


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one day and region."""
    return (
        *_people(given),
        *_places(),
        *_supply(given),
        *_metering(given),
        *_money(given),
        *_rest(given),
    )
