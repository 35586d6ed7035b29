"""The model of EDF's accounts holds what the served document says of types, choices, lengths and keys."""

from __future__ import annotations

import json
import random
import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tests.samples import expected_payload
from transforms.dialects.edf_accounts.model import EnergyAccount
from transforms.models.shape import check_of
from transforms.registry import get_dialect

POINT = ("supply_addresses", 0, "meter_points", 0)
GAS = ("supply_addresses", 0, "meter_points", 1)
LEDGER = ("ledgers", 0)
CHARGE = {"type": "CHARGE", "transaction_id": "9", "transaction_date": "2019-08-04", "amount": "1.00"}
MISSING = object()


def guide() -> dict[str, Any]:
    return expected_payload(dialect=get_dialect(name="edf_accounts"))


def changed(place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The guide's payload with another value at a place, or without the value."""
    document = guide()
    *way, last = place
    node: Any = document
    for part in way:
        node = node[part]
    if value is MISSING:
        del node[last]
    else:
        node[last] = value
    return document


PREPAY = (*GAS, "meters", 0, "prepay_details")
REFUSED: list[tuple[tuple[str | int, ...], Any, str]] = [
    # what must be positive, days that no month has, and texts that say nothing
    ((*PREPAY, "debt_balance"), "-0.01", "string_pattern_mismatch"),
    ((*PREPAY, "gas_debt_repayment_options", "weekly_min"), "-3.00", "string_pattern_mismatch"),
    ((*PREPAY, "gas_debt_repayment_options", "weekly_max"), "-3.50", "string_pattern_mismatch"),
    (("last_billed_to_date",), "2020-02-30", "string_pattern_mismatch"),
    (("last_billed_to_date",), "2020-13-01", "string_pattern_mismatch"),
    ((*LEDGER, "current_statement_transactions", 0, "transaction_id"), "", "string_too_short"),
    # choices
    (("account_type",), "PRIVATE", "literal_error"),
    (("sales_channel",), "DOORSTEP", "literal_error"),
    (("customers", 0, "deceased"), "reported", "literal_error"),
    (("customers", 0, "account_roles"), ["UNCLE"], "literal_error"),
    ((*POINT, "measurement_class"), "H", "literal_error"),
    ((*GAS, "ldz"), "XX", "literal_error"),
    ((*GAS, "regular_reading_cycle"), "A", "literal_error"),
    ((*POINT, "smart_refusal_interest", "refusal_reason"), "NO", "literal_error"),
    ((*LEDGER, "current_statement_transactions", 0, "reason"), "IMPORTED_CHARGE", "literal_error"),
    (
        (*LEDGER, "current_statement_transactions", 0),
        {**CHARGE, "reason": "IMPORTED_CHARGE", "payment_type": "CASH"},
        "literal_error",
    ),
    ((*LEDGER, "current_statement_transactions", 0), {**CHARGE, "type": "GIFT"}, "union_tag_invalid"),
    (("payment_instructions",), [{"type": "CASH", "vendor": "STRIPE", "reference": "1"}], "literal_error"),
    # lengths and bounds
    (("billing_address1",), "x" * 513, "string_too_long"),
    (("billing_email",), "x" * 255, "string_too_long"),
    (("supply_addresses", 0, "supply_postcode"), "x" * 11, "string_too_long"),
    ((*POINT, "mpid"), "LONGER", "string_too_long"),
    ((*POINT, "agents"), {"mop_contract": {"agent_mpid": "TEN"}}, "string_too_short"),
    ((*POINT, "meters", 0, "prepay_customer_reference_number"), "1" * 21, "string_too_long"),
    ((*POINT, "meters", 0, "registers", 0, "number_of_digits"), 16, "less_than_equal"),
    (("customers", 0, "credit_score"), -1, "greater_than_equal"),
    (("account_billing_options",), {"period_start_day": 29}, "less_than_equal"),
    # forms
    (("last_billed_to_date",), "01/08/2019", "string_pattern_mismatch"),
    (("last_billed_to_date",), "٢٠١٩-٠٨-٠١", "string_pattern_mismatch"),
    (("transfer_balance",), "1.00000000005", "string_pattern_mismatch"),
    (("transfer_balance",), "12345678901", "string_pattern_mismatch"),
    (("transfer_balance",), ".", "string_pattern_mismatch"),
    (("transfer_balance",), "", "string_pattern_mismatch"),
    (("billing_address",), {"country": "GBR"}, "string_too_long"),
    (("payment_schedules", 0, "amount"), "1.005", "string_pattern_mismatch"),
    # payments are never less than nothing
    ((*LEDGER, "current_statement_transactions", 0, "amount"), "-10.00", "string_pattern_mismatch"),
    ((*LEDGER, "current_statement_transactions", 1, "amount"), "-20.00", "string_pattern_mismatch"),
    (("payment_schedules", 0, "amount"), "123456789.00", "string_pattern_mismatch"),
    ((*POINT, "eac_history", 0, "consumption"), "1.125", "string_pattern_mismatch"),
    (("notes", 0, "created_at"), "2018-10-10T10:20:00", "string_pattern_mismatch"),
    (
        (*POINT, "agreements", 0, "intermediary"),
        {"external_id": "7"},
        "missing",
    ),
    # types
    (("transfer_balance",), 30, "string_type"),
    (("unknown_occupier",), "false", "bool_type"),
    (("payment_schedules", 0, "day_of_month"), "10", "int_type"),
    # required
    (("references", 0, "value"), MISSING, "missing"),
    (("supply_addresses", 0, "supply_address1"), MISSING, "missing"),
    ((*POINT, "mpid"), MISSING, "missing"),
    ((*GAS, "shipper_mpid"), MISSING, "missing"),
    ((*POINT, "meters", 0, "reading_history", 0, "billed"), MISSING, "missing"),
    ((*LEDGER, "current_statement_transactions", 0), CHARGE, "missing"),
    (("fit",), {"installations": [], "meters": [], "payment_method": "BACS"}, "too_short"),
    # unknown keys
    (("billing_adress1",), "1 Street", "extra_forbidden"),
    (("debt",), {"agency_name": "Debt R Us"}, "extra_forbidden"),
    ((*GAS, "profile_class"), 1, "extra_forbidden"),
    ((*POINT, "agreements", 0, "tarif_code"), "x", "extra_forbidden"),
    ((*LEDGER, "historical_statement_transactions", 0, "tax_items"), [], "extra_forbidden"),
]


@pytest.mark.parametrize(
    ("place", "value", "kind"), REFUSED, ids=[f"{place[-1]}-{kind}" for place, _, kind in REFUSED]
)
def test_what_the_document_forbids_is_refused(place: tuple[str | int, ...], value: Any, kind: str) -> None:
    document = changed(place, value)
    for check in (EnergyAccount.model_validate, check_of(EnergyAccount)):
        with pytest.raises(ValidationError) as caught:
            check(document)
        (problem, *_) = caught.value.errors()
        assert problem["type"] == kind
        assert [part for part in problem["loc"] if part in place][: len(place)] == list(place)


ACCEPTED: list[tuple[tuple[str | int, ...], Any]] = [
    (("customers", 0, "psr", 0, "effective_from"), "2012-01-01T00:00:00Z"),
    (("sales_channel",), MISSING),
    (("supply_addresses",), MISSING),
    (("last_billed_to_date",), MISSING),
    (("billing_address",), {"country": "GB", "street_address": "1 Street"}),
    ((*POINT, "supply_end_date"), "2019-08-01"),
    ((*POINT, "agreements", 0, "intermediary"), {"portfolio_number": "P-1234ABCD", "external_id": "7"}),
    ((*LEDGER, "current_statement_transactions", 0), {**CHARGE, "reason": "IMPORTED_CHARGE"}),
    (("billing_address",), {"country": "gb"}),
    (("customers", 0, "user_details"), [{"namespace": "external_user_id", "value": 7}]),
    (("transfer_balance",), "-1.0000000005"),
    # a side of the point without a digit is not another number
    (("transfer_balance",), "-.5"),
    (("payment_schedules", 0, "amount"), "20."),
    ((*POINT, "eac_history", 0, "consumption"), ".25"),
    ((*LEDGER, "current_statement_transactions", 0), {**CHARGE, "reason": "IMPORTED_CHARGE", "amount": "-7"}),
    ((*LEDGER, "ledger_code"), "ENERGY"),
    *(
        (
            (*POINT, "agreements", 0, "bespoke_tariff_rates"),
            [{"standing_charge": "20", "registers": [{"unit_rate": "9", "start_time": time}]}],
        )
        for time in ("00:30", "00:30:00", "15:14:05.25Z", "15:14:05+10:00")
    ),
    # a means of payment left blank is sent, whatever the transaction
    (
        (*LEDGER, "current_statement_transactions", 0),
        {**CHARGE, "reason": "IMPORTED_CHARGE", "payment_type": ""},
    ),
    (
        (*LEDGER, "current_statement_transactions", 0),
        {
            **CHARGE,
            "type": "SUPPLY_CHARGE",
            "product_code": "ELEC-1",
            "line_items": [
                {
                    "start_date": "2019-08-01",
                    "end_date": "2019-08-04",
                    "net_amount": "0.952381",
                    "number_of_units": "4.0000",
                }
            ],
        },
    ),
]


@pytest.mark.parametrize(("place", "value"), ACCEPTED, ids=[str(place[-1]) for place, _ in ACCEPTED])
def test_what_the_document_allows_is_accepted(place: tuple[str | int, ...], value: Any) -> None:
    EnergyAccount.model_validate(changed(place, value))


# Each pattern of the model matches one of them.
TEXTS = ("2019-08-01", "2019-08-01T10:20:00Z", "10:20", "2017/18", "GB", "1", "0.5", "1234567.89")


class Maker:
    """Documents that fit a model, drawn from its fields."""

    def __init__(self, source: random.Random) -> None:
        self.source = source

    def document(self, model: type[BaseModel]) -> dict[str, Any]:
        return {
            name: self.value(field.annotation, list(field.metadata))
            for name, field in model.model_fields.items()
            if field.is_required() or self.source.random() < 0.2
        }

    def value(self, annotation: Any, bounds: list[Any]) -> Any:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            more = [inner for given in arguments[1:] for inner in getattr(given, "metadata", [given])]
            return self.value(arguments[0], bounds + more)
        if origin in (typing.Union, types.UnionType):
            return self.value(self.source.choice([a for a in arguments if a is not type(None)]), bounds)
        if origin is Literal:
            return self.source.choice(arguments)
        if origin is list:
            least = next(limits(bounds, "min_length"), 0)
            return [self.value(arguments[0], []) for _ in range(self.source.randint(least, least + 1))]
        if origin is dict or annotation is Any:
            return {"any": ["JSON", 1, None]}
        if issubclass(annotation, BaseModel):
            return self.document(annotation)
        simple: dict[type, Callable[[], Any]] = {
            bool: lambda: self.source.random() < 0.5,
            int: lambda: self.source.randint(next(limits(bounds, "ge"), -9), next(limits(bounds, "le"), 9)),
            str: lambda: self.text(bounds),
        }
        return simple[annotation]()

    def text(self, bounds: list[Any]) -> str:
        pattern = next(limits(bounds, "pattern"), None)
        if pattern:
            return self.source.choice([text for text in TEXTS if re.search(pattern, text)])
        most = min(next(limits(bounds, "max_length"), 12), 12)
        return "é" * self.source.randint(next(limits(bounds, "min_length"), 0), most)


def limits(bounds: list[Any], name: str) -> Iterator[Any]:
    return (value for bound in bounds if (value := getattr(bound, name, None)) is not None)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_fits_the_model_survives_a_round_trip(seed: int) -> None:
    document = Maker(random.Random(seed)).document(EnergyAccount)
    account = EnergyAccount.model_validate(document)
    assert EnergyAccount.model_validate_json(account.model_dump_json(exclude_unset=True)) == account
    assert json.loads(account.model_dump_json(exclude_unset=True)) == document
    check_of(EnergyAccount)(document)


def test_every_field_can_be_filled_at_once() -> None:
    source = random.Random(7)
    source.random = lambda: 0.0  # type: ignore[method-assign]
    source.randint = lambda least, most: most  # type: ignore[method-assign]
    document = Maker(source).document(EnergyAccount)
    assert document.keys() == EnergyAccount.model_fields.keys()
    EnergyAccount.model_validate(document)
