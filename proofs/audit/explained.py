"""Differences between the two readers that are meant, by the place and the words of a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proofs.audit.differences import Explained

EXPLAINED: Final[Mapping[str, tuple[Explained, ...]]] = {
    "edf_accounts": (),
    "essential_supply_points_accounts": (),
    "essential_supply_points_cdns": (),
    "national_grid_accounts": (),
    "plenitude_accounts": (),
}
"""By dialect; at most twenty each."""

_DAYS: Final = tuple(
    Explained(
        refused_by="contract",
        code="no_day",
        path=path,
        source="served: format date, date-time",
        reason="Cleaning leaves no day that does not exist, and the model looks at the form alone.",
    )
    for path in ("*date*", "*_at", "*_from", "*_on", "*_since", "*_to")
)

CONTRACT: Final[Mapping[str, tuple[Explained, ...]]] = {
    "edf_accounts": (
        *(
            Explained(
                refused_by="ours",
                code="string_type",
                path=path,
                source=f"served: {source}",
                reason="The document gives no type, as its choices are dynamic; a choice is a text.",
            )
            for path, source in (
                ("business.segment_name", "BaseBusiness.segment_name"),
                ("consents.type", "AccountConsent.type"),
                ("customers.consents.type", "CustomerConsent.type"),
                ("partner_organisations.role", "PartnerOrganisation.role"),
            )
        ),
        Explained(
            refused_by="ours",
            code="string_pattern_mismatch",
            path="*PAYMENT.amount",
            source="served: EnergyPayment.amount, EnergyRepayment.amount",
            reason="Its words say that payments and repayments must be positive; its pattern does not.",
        ),
        Explained(
            refused_by="contract",
            code="*",
            path="import_supplier",
            source="served: EnergyAccount.import_supplier",
            reason="A setting of the wave: where Kraken refuses it, the wave stops and rejects no record.",
        ),
        Explained(
            refused_by="contract",
            code="*",
            path="account_campaigns.slug",
            source="served: AccountCampaign.slug",
            reason="Campaigns are configured in Kraken and come and go; setting campaigns names them.",
        ),
        Explained(
            refused_by="contract",
            code="*",
            path="*email*",
            source="served: format email",
            reason="Rules judge e-mail addresses, in words that help; the model bounds their length.",
        ),
        *_DAYS,
    )
}
"""The same, of a dialect's model and the document that its Kraken serves."""
