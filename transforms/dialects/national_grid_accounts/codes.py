"""Codes of the legacy system and what Kraken calls them. A code that is not here rejects the record.

The guide shows one value of each field, and no more is known: each client names the others on its Connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transforms.dialect import CodeValue

TARIFFS: Final[Mapping[str, str]] = {
    "GUIDE-R1": "<TARIFF_CODE>",
    "R1": "MECO-R1",
    "R2": "MECO-R2-LOW-INCOME",
    "R4": "MECO-R4-TIME-OF-USE",
    "G1": "MECO-G1",
    "R1-1998": "MECO-R1-OBSOLETE",
}
"""Placeholders: each client configures its own on the Connection."""

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "user_detail_namespaces": {
        "USERID": "external_user_id",
        "MIDDLE": "middle_name",
        "SUFFIX": "suffix",
        "TAXID": "tax_id",
        "DLNUM": "driver_license_number",
        "DLSTATE": "driver_license_state",
        "EXPPIN": "experian_pin_id",
    },
    "ledger_codes": {"ENGY": "ENERGY"},
    "billing_document_types": {"IT": "ITEM_BASED"},
    "transaction_reasons": {"DIBT": "DATA_IMPORT_BALANCE_TRANSFER"},
    "property_types": {"PREM": "Premise"},
    "premise_types": {"SF": "SINGLE_FAMILY"},
    "supply_types": {"E": "ELECTRICITY"},
    "operating_companies": {"MECO": "MASSACHUSETTS_ELECTRIC"},
    "line_styles": {"U": "underground"},
    "metering_types": {"P": "primary"},
    "meter_statuses": {"ON": "on"},
    "meter_service_types": {"KWH": "metered_service_kwh"},
    "phases": {"1": "Single"},
    "register_types": {"KI": "KWH_IMPORT"},
}
"""By setting, the words of the guide."""
TRANSACTION_TYPE: Final[Mapping[str, CodeValue]] = {
    "10": "CHARGE",
    "20": "PAYMENT",
    "30": "CREDIT",
    "40": "REPAYMENT",
}
