"""References, notes, statements, discounts, debts, campaigns and metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from transforms.dialect import FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
    METADATA,
    NOTE_DOCUMENTS,
    NOTES,
)

FRAMES: Final = (
    Frame(
        name="references",
        key=(*ACCOUNT, "reference_key"),
        parent="accounts",
        target="references",
        columns=columns(
            kind="text",
            required=True,
            meanings={"namespace": "System that knows the account.", "value": "Its identifier there."},
        ),
    ),
    # A note may be older than the times that the legacy system keeps.
    replace(NOTES, columns=tuple(replace(column, required=False) for column in NOTES.columns)),
    NOTE_DOCUMENTS,
    Frame(
        name="statements",
        key=(*ACCOUNT, "statement_key"),
        parent="accounts",
        target="statements",
        columns=(
            *columns(
                kind="date",
                required=True,
                meanings={
                    "bill_period_from_date": "First day of the bill.",
                    "bill_period_to_date": "Last day of the bill.",
                },
            ),
            Column(name="statement_path", kind="text", meaning="Where it is stored."),
            Column(name="statement_id", kind="text", required=True, meaning="Number of the bill."),
        ),
    ),
    Frame(
        name="warm_home_discounts",
        key=(*ACCOUNT, "discount_key"),
        parent="accounts",
        target="warm_home_discount",
        columns=(
            Column(name="tax_year", kind="text", meaning="Tax year, for example 2017/18."),
            Column(
                name="account_type",
                kind="code",
                codes=codes.WARM_HOME_ACCOUNT,
                meaning="Credit or prepay.",
            ),
            Column(
                name="group",
                kind="code",
                codes=codes.WARM_HOME_GROUP,
                meaning="Core or broader group.",
            ),
        ),
    ),
    Frame(
        name="debts",
        key=(*ACCOUNT, "debt_key"),
        parent="accounts",
        target="debts",
        columns=(
            Column(name="agency_name", kind="text", meaning="Agency that collects it; empty for none."),
            Column(name="start_date", kind="date", meaning="Since when it does."),
            Column(name="is_insolvent", kind="code", codes=FLAG, meaning="Whether the debtor is insolvent."),
        ),
    ),
    Frame(
        name="aged_debts",
        key=(*ACCOUNT, "debt_key", "aged_debt_key"),
        parent="debts",
        target="aged_debt",
        columns=(
            Column(name="debt_amount", kind="money", places=2, required=True, meaning="Amount."),
            Column(name="due_date", kind="date", required=True, meaning="When it was due."),
        ),
    ),
    Frame(
        name="campaigns",
        key=(*ACCOUNT, "campaign_key"),
        parent="accounts",
        target="account_campaigns",
        columns=(
            Column(name="slug", kind="configured", setting="campaigns", meaning="Campaign."),
            Column(name="campaign_note", kind="text", meaning="A note on it."),
            *columns(
                kind="date",
                meanings={"start_date": "Since when.", "expiry_date": "Until when; empty while it runs."},
            ),
        ),
    ),
    METADATA,
)
