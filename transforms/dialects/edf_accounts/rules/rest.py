"""Collections, notes and what else an account has."""

from __future__ import annotations

from transforms.rules import dates, notes
from transforms.rules.engine import Circumstances, Rule, ValueRule, stated


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Collections, notes and what else an account has."""
    return (
        # The guide's own example breaks it.
        dates.not_in_past("dunning_path.start_date", today=given.today, severity="warning"),
        dates.not_in_future(
            "last_payment_review_date", today=given.today, code="last_payment_review_date_is_future_dated"
        ),
        *stated("served", "EnergyAccount.smart_read_cycle_day", "invalid_day_of_month", _cycle_day()),
        *notes.note_rules("notes"),
        notes.unique_metadata(),
        notes.unique_in_list("account_campaigns", "slug", code="duplicate_account_campaigns"),
    )


def _cycle_day() -> Rule:
    return ValueRule(
        code="invalid_day_of_month",
        path="smart_read_cycle_day",
        explanation="The day must lie between 1 and 28.",
        holds=lambda value: 1 <= value <= 28,
    )
