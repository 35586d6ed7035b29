"""Feed-in tariffs: what the customer generates and is paid for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transforms.dialects.edf_accounts.model.payments import Vendor
from transforms.dialects.edf_accounts.model.values import Reference
from transforms.models.base import Entity, IsoDate, Quantity


class GenerationAddress(Entity):
    """Where an installation stands, if not where the central register says."""

    line1: str
    line2: str | None = None
    town: str | None = None
    county: str | None = None
    postcode: str


class CreditHold(Entity):
    """Why and since when an installation is not paid."""

    active_from: IsoDate
    reason: Literal[
        "HAS_NOMINATED_RECIPIENT",
        "INVOLVED_IN_COO",
        "SWITCH_LOSS",
        "LINKED_TO_WRONG_ACCOUNT",
        "PAID_INCORRECTLY",
        "MIGRATED_IN_DISPUTE",
        "AWAITING_SIGNED_FIT_PLAN",
        "CLOSED_INSTALLATION",
        "NEEDS_MANUAL_PAYMENT",
        "BIENNIAL_DISPUTES",
        "OTHER",
    ]
    notes: str | None = None


class Extension(Entity):
    """A part of an installation that is not paid."""

    reference_number: int
    installed_capacity: Quantity | None = None


class Installation(Entity):
    """An installation by its number in the central register."""

    fit_id: str
    address: GenerationAddress | None = None
    credit_hold: CreditHold | None = None
    non_eligible_extensions: list[Extension] | None = None


class GenerationReading(Entity):
    """The reading from which on the customer is paid."""

    reading_date: IsoDate
    reading_value: Quantity


class GenerationMeter(Entity):
    """A meter of an installation, by the extensions that it counts."""

    type: Literal["EXPORT", "SUPPLY", "GENERATION"]
    serial_number: str
    mpan: str | None = None
    make: str | None = None
    model: str | None = None
    extensions: Annotated[list[str], Field(min_length=1)]
    last_billed_to_date: IsoDate
    transfer_reading: GenerationReading


class FeedIn(Entity):
    """The installations of an account and how they are paid."""

    installations: Annotated[list[Installation], Field(min_length=1)]
    meters: Annotated[list[GenerationMeter], Field(min_length=1)]
    payment_method: Literal["BACS", "CHEQUE", "CHAPS", "FOREIGN_CHAPS"]
    instruction_reference: Reference | None = None
    vendor_name: Vendor | None = None
    vat_number: str | None = None
