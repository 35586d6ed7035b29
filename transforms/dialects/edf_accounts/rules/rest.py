"""Collections, notes, references and other parts of an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from transforms.rules import dates, notes
from transforms.rules.engine import (
    Circumstances,
    Document,
    Fault,
    Rule,
    UniqueRule,
    ValueRule,
    object_rule,
    served,
    stated,
)

_TAX_YEAR: Final = re.compile(r"[0-9]{4}/[0-9]{2}", re.ASCII)


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Collections, notes, references and other parts of an account."""
    return (
        # Our column leaves a past date out. The guide's own example has one, so this only warns.
        *served(
            "DunningPath.start_date",
            dates.not_in_past("dunning_path.start_date", today=given.today, severity="warning"),
        ),
        *served(
            "EnergyAccount.last_payment_review_date",
            dates.not_in_future(
                "last_payment_review_date", today=given.today, code="last_payment_review_date_is_future_dated"
            ),
        ),
        *stated(
            "served",
            "EnergyAccount.smart_read_cycle_day",
            "Values between 1 to 28",
            ValueRule(
                code="invalid_day_of_month",
                path="smart_read_cycle_day",
                explanation="The day must be between 1 and 28.",
                holds=lambda value: 1 <= value <= 28,
            ),
        ),
        *served(
            "EnergyWarmHomeDiscount.tax_year",
            ValueRule(
                code="incorrect_format_for_tax_year",
                path="warm_home_discount.tax_year",
                explanation="A tax year has the form 2018/19.",
                holds=lambda value: _TAX_YEAR.fullmatch(value) is not None,
            ),
        ),
        *_note_rules(),
        *_campaign_rules(),
        *served(
            "AccountReference",
            UniqueRule(
                code="reference_already_exists",
                path="references",
                explanation="Another account of the wave has the same reference: find out whose it is.",
                fields=("namespace", "value"),
            ),
        ),
    )


def _note_rules() -> tuple[Rule, ...]:
    return (
        *served("Note", notes.unpinned_after("notes")),
        *served("Note", notes.note_says_something("notes")),
        *served("EnergyAccount.metadata", notes.unique_metadata()),
    )


def _campaign_rules() -> tuple[Rule, ...]:
    return (
        *served(
            "EnergyAccount.account_campaigns",
            notes.unique_in_list("account_campaigns", "slug", code="duplicate_account_campaigns"),
        ),
        *served("AccountCampaign", _unnamed),
        *served("AccountCampaign.expiry_date", _over_at_once),
    )


@object_rule(
    "campaign_name_or_slug_not_provided",
    "A campaign needs the slug by which Kraken knows it.",
    path="account_campaigns",
    fields=("slug",),
)
def _unnamed(campaign: Document) -> Iterator[Fault]:
    if not campaign.get("slug"):
        yield Fault("slug")


@object_rule(
    "start_date_same_as_end_date",
    "A campaign must end after the day on which it begins.",
    path="account_campaigns",
    fields=("expiry_date",),
    needs=("start_date", "expiry_date"),
)
def _over_at_once(campaign: Document) -> Iterator[Fault]:
    if campaign["expiry_date"] <= campaign["start_date"]:
        yield Fault("expiry_date")
