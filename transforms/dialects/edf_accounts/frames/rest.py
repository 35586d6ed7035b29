"""References, notes, statements, discounts, debts, campaigns and metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from transforms.dialect import FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import ACCOUNT, METADATA, NOTE_DOCUMENTS, NOTES

FRAMES: Final = (
    Frame(
        "references",
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
    Frame("statements", key=(*ACCOUNT, "statement_key"), parent="accounts", target="statements").having(
        Column("bill_period_from_date", "date", "First day of the bill.", required=True),
        Column("bill_period_to_date", "date", "Last day of the bill.", required=True),
        Column("statement_path", "text", "Where it is stored."),
        Column("statement_id", "text", "Number of the bill.", required=True),
    ),
    Frame(
        "warm_home_discounts", key=(*ACCOUNT, "discount_key"), parent="accounts", target="warm_home_discount"
    ).having(
        Column("tax_year", "text", "Tax year, for example 2017/18."),
        Column("account_type", "code", "Credit or prepay.", codes=codes.WARM_HOME_ACCOUNT),
        Column("group", "code", "Core or broader group.", codes=codes.WARM_HOME_GROUP),
    ),
    Frame("debts", key=(*ACCOUNT, "debt_key"), parent="accounts", target="debts").having(
        Column("agency_name", "text", "Agency that collects it; empty for none."),
        Column("start_date", "date", "Since when it does."),
        Column("is_insolvent", "code", "Whether the debtor is insolvent.", codes=FLAG),
    ),
    Frame(
        "aged_debts", key=(*ACCOUNT, "debt_key", "aged_debt_key"), parent="debts", target="aged_debt"
    ).having(
        Column("debt_amount", "money", "Amount.", places=2, required=True),
        Column("due_date", "date", "When it was due.", required=True),
    ),
    Frame("campaigns", key=(*ACCOUNT, "campaign_key"), parent="accounts", target="account_campaigns").having(
        Column("slug", "configured", "Campaign.", setting="campaigns"),
        Column("campaign_note", "text", "A note on it."),
        Column("start_date", "date", "Since when."),
        Column("expiry_date", "date", "Until when; empty while it runs."),
    ),
    METADATA,
)
