"""What EDF's Kraken refuses, as far as a payload alone can tell. Codes are those of its served document."""

from __future__ import annotations

from transforms.dialects.edf_accounts.rules import (
    billing,
    extras,
    metering,
    money,
    people,
    places,
    rest,
    schedules,
    supply,
)
from transforms.rules.engine import Circumstances, Rule


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one day and region."""
    return (
        *people.rules(given),
        *places.rules(),
        *supply.rules(given),
        *metering.rules(given),
        *money.rules(given),
        *schedules.rules(given),
        *rest.rules(given),
        *billing.rules(),
        *extras.rules(given),
    )
