"""By which instruction a ledger is paid."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from transforms.dialects.edf_accounts.model.values import Reference
from transforms.models.base import Entity


class NewInstruction(Entity):
    """A payment instruction of the same payload."""

    instruction_identifier: Reference


class ExistingInstruction(Entity):
    """A payment instruction that Kraken has, as its vendor knows it."""

    vendor_name: Literal[
        "STRIPE", "BOTTOMLINE_GLOBAL_PAYMENTS_HUB", "BOTTOMLINE_PTX", "BOTTOMLINE_PTX_BATCHED"
    ]
    vendor_reference: Reference


class NewPreference(Entity):
    """A ledger paid by an instruction of the same payload."""

    type: Literal["ACTIVE_NEW"]
    ledger_identifier: str
    instruction_reference_params: NewInstruction


class ExistingPreference(Entity):
    """A ledger paid by an instruction that Kraken has."""

    type: Literal["ACTIVE_EXISTING"]
    ledger_identifier: str
    instruction_reference_params: ExistingInstruction


class PassivePreference(Entity):
    """A ledger without an instruction."""

    type: Literal["PASSIVE"]
    ledger_identifier: str


PaymentPreference: TypeAlias = Annotated[
    NewPreference | ExistingPreference | PassivePreference, Field(discriminator="type")
]
