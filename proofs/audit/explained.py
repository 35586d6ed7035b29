"""Differences between the two readers that are meant, by the place and the words of a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proofs.audit.differences import AS_IT_IS, Explained
from proofs.audit.explained_edf import EDF
from proofs.audit.readers import SHAPE

_TEXTS: Final = "The examples have text; our cleaning sends nothing else."
_TIMES: Final = "The examples have a time with an offset; our cleaning sends nothing else."
_DELIVERY_POINT: Final = Explained(
    refused_by="stand-in",
    code="invalid_delivery_point_identifier",
    path="*.postal_address.delivery_point_identifier",
    source="guides Essential: the examples have 51234568 and a blank, and no rule; served (EDF): Address",
    reason="The rule is stated for another client alone: we warn, and leave the refusal to Kraken.",
)


_DAY_ALONE: Final = ("* is '2020-02-30'", "* is '9999-12-31'")
_NUMBER: Final = ("* is a number",)
_TEXT: Final = ("* is '*'", "* is what * is")
"""Another text in place of one."""


def _ours(path: str, source: str, reason: str, *changes: str) -> Explained:
    """What our model alone refuses at a place."""
    return Explained(
        refused_by="ours",
        code=SHAPE,
        path=path,
        source=source,
        reason=reason,
        changes=changes or ("* is dropped", "* is an empty object"),
    )


def _booking(field: str, words: str, reason: str, *changes: str) -> Explained:
    return _ours(
        f"ledgers.*transactions.{field}",
        f"guide National Grid: each transaction shows it; served (EDF): EnergyCharge, {words}",
        reason,
        *changes,
    )


_IDENTIFIER: Final = _ours(
    "supply_addresses.supply_points.identifier",
    "guides National Grid and Plenitude: the example of a payload, supply_points.identifier",
    "Without it a supply point cannot be told from another.",
    "* is dropped",
    "* is an empty object",
    "*.identifier is ''",
)

EXPLAINED: Final[Mapping[str, tuple[Explained, ...]]] = {
    "edf_accounts": EDF,
    "essential_supply_points_accounts": (_DELIVERY_POINT,),
    "essential_supply_points_cdns": (
        _DELIVERY_POINT,
        _ours("cdns.transaction_date", "guide Essential: 2024-01-01T00:00:00+11:00", _TIMES, *_DAY_ALONE),
    ),
    "national_grid_accounts": (
        _IDENTIFIER,
        _booking("transaction_id", "required", "Without it a booking cannot be told from another."),
        _booking("transaction_date", "required", "The day says on which side of the last statement it is."),
        _booking("amount", "required; a decimal", "A booking without an amount leaves a wrong balance."),
        _booking(
            "type",
            "required; one of a closed list",
            "The type says whether it is owed or paid.",
            "*.type is *",
            "* is an empty object",
        ),
        _ours(
            "ledgers.ledger_code",
            "guide National Grid: ENERGY; served (EDF): Ledger, required",
            "Without it the money belongs to no ledger.",
        ),
        _ours(
            "ledgers.ledger_balance",
            "guide National Grid: -200 is the sum of the charges",
            "A ledger without its balance would begin at nought.",
        ),
        Explained(
            refused_by="stand-in",
            code="invalid_phone_number",
            path="customers.alternative_phone_numbers.phone_number",
            source="guide National Grid, validate, 400: customers.0.landline",
            reason="The rule is shown of a customer's own numbers: of a further one we warn.",
        ),
        Explained(
            refused_by="stand-in",
            code="standard_point_location_not_found",
            path="supply_addresses.supply_points.supply_details.standard_point_location_code",
            source="guide National Grid: WCMASS, and no rule",
            reason="Arranged in the stand-in: something that Kraken alone can know, for waves to meet.",
            changes=(AS_IT_IS,),
        ),
        _ours("customers.user_details.value", "guide National Grid: 8888888889", _TEXTS, *_NUMBER),
        _ours(
            "supply_addresses.supply_points.agreements.characteristics.value",
            "guide National Grid: FIXED",
            _TEXTS,
            *_NUMBER,
        ),
        _ours("notes.*at", "guide National Grid: 2024-06-01T12:00:00Z", _TIMES, *_DAY_ALONE),
        _ours(
            "supply_addresses.supply_points.meters.active_from",
            "guide National Grid: 2025-09-01T00:00:00Z",
            _TIMES,
            *_DAY_ALONE,
        ),
    ),
    "plenitude_accounts": (
        _IDENTIFIER,
        _ours("customers.user_details.value", "guide Plenitude: 234254718", _TEXTS, *_NUMBER),
        Explained(
            refused_by="stand-in",
            code="invalid_supply_point_identifier",
            path="supply_addresses.supply_points.identifier",
            source="guide Plenitude: one example of an identifier, and no rule; served (EDF): identifier",
            reason="The rule is stated for another client alone: we warn, and leave the refusal to Kraken.",
        ),
    ),
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
            refused_by="ours",
            code="string_too_short",
            path="*transaction_id",
            source="served: EnergyAccount, missing_transaction_id",
            reason="A validator asks for it, which a schema does not say.",
        ),
        Explained(
            refused_by="ours",
            code="string_pattern_mismatch",
            path="*.prepay_details.*",
            source="served: EnergyPrepaymentDetails, GasPrepaymentDetails",
            reason="Its words say that these amounts must be positive; its pattern does not.",
        ),
        *(
            Explained(
                refused_by="contract",
                code=code,
                path=path,
                source=f"served: {source}",
                reason=reason,
                changes=_TEXT,
            )
            for path, source, reason in (
                (
                    "import_supplier",
                    "EnergyAccount.import_supplier",
                    "A setting of the wave: where Kraken refuses it, the wave stops and rejects no record.",
                ),
                (
                    "account_campaigns.slug",
                    "AccountCampaign.slug",
                    "Campaigns are configured in Kraken and come and go; setting campaigns names them.",
                ),
                (
                    "*email*",
                    "format email",
                    "Rules judge e-mail addresses, in words that help; the model bounds their length.",
                ),
            )
            # A day that does not exist is put into every text, whatever it means there.
            for code in ("served", "no_day")
        ),
        *_DAYS,
    )
}
"""The same, of a dialect's model and the document that its Kraken serves."""
