"""Bookings get the sign that their type asks for, and reversals keep theirs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.samples import TODAY, as_frames, expected_payload, identifier_of, sample_rows
from transforms.bookings import orient, turned
from transforms.build import BuildSettings, build
from transforms.registry import get_dialect
from transforms.rules import ledgers

REASONS = {"PAYMENT": frozenset({"PAID", ""}), "REPAYMENT": frozenset({"REFUND", "FAILED", ""})}
EDF = get_dialect(name="edf_accounts")


@pytest.mark.parametrize(
    ("kind", "owed", "sent"),
    [
        ("CHARGE", "10.00", ("CHARGE", "10.00")),
        ("CHARGE", "-10.00", ("CHARGE", "-10.00")),
        ("SUPPLY_CHARGE", "-0.0625", ("SUPPLY_CHARGE", "-0.0625")),
        ("CREDIT", "-10.00", ("CREDIT", "10.00")),
        ("CREDIT", "10.00", ("CREDIT", "-10.00")),
        ("PAYMENT", "-10.00", ("PAYMENT", "10.00")),
        ("PAYMENT", "10.00", ("REPAYMENT", "10.00")),
        ("REPAYMENT", "10.00", ("REPAYMENT", "10.00")),
        ("REPAYMENT", "-10.00", ("PAYMENT", "10.00")),
        ("PAYMENT", "0.00", ("PAYMENT", "0.00")),
        ("PAYMENT", "-0.00", ("PAYMENT", "0.00")),
        ("CHARGE", "-0.00", ("CHARGE", "0.00")),
        ("CREDIT", "0", ("CREDIT", "0")),
    ],
)
def test_a_booking_says_the_same_to_kraken_as_to_the_legacy_system(
    kind: str, owed: str, sent: tuple[str, str]
) -> None:
    booking: dict[str, Any] = {"type": kind, "amount": owed}
    orient(booking=booking, fitting={})
    assert (booking["type"], booking["amount"]) == sent
    assert ledgers.total([booking]) == -Decimal(owed)


@pytest.mark.parametrize(
    ("owed", "reason", "left"),
    [
        ("5", "PAID", None),
        ("5", "FAILED", "FAILED"),
        ("5", "", ""),
        ("-5", "PAID", "PAID"),
        ("5", None, None),
    ],
)
def test_a_payment_taken_back_has_no_reason_of_a_payment(
    owed: str, reason: str | None, left: str | None
) -> None:
    booking: dict[str, Any] = {"type": "PAYMENT", "amount": owed}
    if reason is not None:
        booking["reason"] = reason
    orient(booking=booking, fitting={"reason": REASONS})
    assert booking.get("reason") == left


def test_a_booking_without_type_or_amount_is_left_to_its_finding() -> None:
    for booking in ({"amount": "1"}, {"type": "CHARGE"}, {}):
        before = dict(booking)
        orient(booking=booking, fitting={})
        assert booking == before


def test_nothing_has_no_sign() -> None:
    assert [turned(amount=each) for each in ("0", "-0.00", "0.000")] == ["0", "0.00", "0.000"]


def sent(*bookings: tuple[str, str, str | None, str | None]) -> list[dict[str, Any]]:
    """What becomes of current bookings: kind, amount, reason and means of the legacy system."""
    rows = sample_rows(dialect=EDF)
    first = rows["current_transactions"][0]
    rows["current_transactions"] = [
        {
            **first,
            "transaction_key": number,
            "transaction_id": f"X{number}",
            "type": kind,
            "amount": amount,
            "reason": reason,
            "payment_type": means,
        }
        for number, (kind, amount, reason, means) in enumerate(bookings)
    ]
    owed = Decimal(rows["ledgers"][0]["last_statement_balance"]) + sum(
        Decimal(amount) for _, amount, _, _ in bookings
    )
    rows["ledgers"][0]["ledger_balance"] = rows["accounts"][0]["balance"] = str(owed)
    result = build(
        dialect=EDF,
        frames=as_frames(dialect=EDF, rows=rows),
        identifiers=[identifier_of(dialect=EDF)],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    assert result.rejections == []
    document = json.loads(result.payloads[0].body)
    assert Decimal(document["transfer_balance"]) == -owed
    found: list[dict[str, Any]] = document["ledgers"][0]["current_statement_transactions"]
    return found


def test_reversals_of_every_kind_reach_the_payload_and_its_balance() -> None:
    found = sent(
        ("10", "-12.3456", "ACC", None),
        ("30", "7.5", "DDD", None),
        ("20", "45.00", "RTN", None),
        ("20", "30.00", "ACP", "CHEQUE"),
        ("20", "30.00", "ACP", "CASH"),
        ("40", "-20.00", "FCR", None),
    )
    assert [(each["type"], each["amount"]) for each in found] == [
        ("CHARGE", "-12.3456"),
        ("CREDIT", "-7.5"),
        ("REPAYMENT", "45.00"),
        ("REPAYMENT", "30.00"),
        ("REPAYMENT", "30.00"),
        ("PAYMENT", "20.00"),
    ]
    assert [(each.get("reason"), each.get("payment_type")) for each in found] == [
        ("IMPORTED_CHARGE", None),
        ("DIRECT_DEBIT_DISCOUNT", None),
        ("FAILED_PAYMENT", None),
        (None, "CHEQUE"),
        (None, None),
        (None, None),
    ]


def test_ten_thousand_bookings_make_one_payload() -> None:
    assert len(sent(*[("10", "0.0001", "ACC", None)] * 10_000)) == 10_000


def test_the_guides_own_bookings_stay_what_they_are() -> None:
    given = expected_payload(dialect=EDF)["ledgers"][0]["current_statement_transactions"]
    found = sent(("40", "10.00", "FCR", ""), ("20", "-20.00", "ACP", None))
    assert [(each["type"], each["amount"], each["reason"]) for each in found] == [
        (each["type"], each["amount"], each["reason"]) for each in given
    ]
