"""The sign of a booking: the legacy system counts what is owed, Kraken goes by the type of the booking.

Kraken lets charges and credits have a minus, which stands for a reversal or a correction; payments and
repayments have none. So a charge keeps the legacy sign, a credit gets the other one, and a payment that was
taken back is sent as a repayment, and the reverse. The document that EDF's Kraken serves says so of
the amounts of transactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Fitting: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""By field and type of booking: the values that such a booking may have there."""

_OTHER: Final = {"PAYMENT": "REPAYMENT", "REPAYMENT": "PAYMENT"}


def turned(*, amount: str) -> str:
    """A decimal text with the other sign; nothing stays nothing, without a sign."""
    unsigned = amount.removeprefix("-")
    negative = not amount.startswith("-") and unsigned.strip("0.")
    return f"-{unsigned}" if negative else unsigned


def orient(*, booking: dict[str, Any], fitting: Fitting) -> None:
    """Give a booking with the legacy sign, debits positive, the sign that its type asks for.

    What changes its type loses the fields that the other type may not have, by `fitting`: the reason of a
    payment is none of a repayment. A booking without a type or an amount is refused anyway, and stays.
    """
    kind, amount = booking.get("type"), booking.get("amount")
    if kind is None or amount is None:
        return
    if kind == "CREDIT" or not amount.strip("-0."):
        booking["amount"] = turned(amount=amount)
    elif kind in _OTHER:
        is_debit = not amount.startswith("-")
        booking["amount"] = amount.removeprefix("-")
        if is_debit != (kind == "REPAYMENT"):
            booking["type"] = other = _OTHER[kind]
            for field, values in fitting.items():
                if field in booking and booking[field] not in values[other]:
                    del booking[field]
