"""Codes of the legacy system and what Kraken calls them. A code that is not here rejects the record.

The guide shows one value of each field. Where there is more than one here, the others are assumed.
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
"""Stand-ins: each client configures its own on the Connection."""

USER_DETAIL: Final[Mapping[str, CodeValue]] = {
    "USERID": "external_user_id",
    "MIDDLE": "middle_name",
    "SUFFIX": "suffix",
    "TAXID": "tax_id",
    "DLNUM": "driver_license_number",
    "DLSTATE": "driver_license_state",
    "EXPPIN": "experian_pin_id",
}
LEDGER: Final[Mapping[str, CodeValue]] = {"ENGY": "ENERGY"}
BILLING_DOCUMENT: Final[Mapping[str, CodeValue]] = {"IT": "ITEM_BASED"}
TRANSACTION_TYPE: Final[Mapping[str, CodeValue]] = {
    "10": "CHARGE",
    "20": "PAYMENT",
    "30": "CREDIT",
    "40": "REPAYMENT",
}
TRANSACTION_REASON: Final[Mapping[str, CodeValue]] = {"DIBT": "DATA_IMPORT_BALANCE_TRANSFER"}
PROPERTY: Final[Mapping[str, CodeValue]] = {"PREM": "Premise"}
PREMISE: Final[Mapping[str, CodeValue]] = {"SF": "SINGLE_FAMILY", "MF": "MULTI_FAMILY"}
SUPPLY: Final[Mapping[str, CodeValue]] = {"E": "ELECTRICITY"}
OPERATING_COMPANY: Final[Mapping[str, CodeValue]] = {
    "MECO": "MASSACHUSETTS_ELECTRIC",
    "NANT": "NANTUCKET_ELECTRIC",
}
LINE_STYLE: Final[Mapping[str, CodeValue]] = {"U": "underground", "O": "overhead"}
METERING: Final[Mapping[str, CodeValue]] = {"P": "primary", "S": "secondary"}
METER_STATUS: Final[Mapping[str, CodeValue]] = {"ON": "on", "OFF": "off"}
SERVICE: Final[Mapping[str, CodeValue]] = {"KWH": "metered_service_kwh"}
PHASE: Final[Mapping[str, CodeValue]] = {"1": "Single", "3": "Three"}
REGISTER: Final[Mapping[str, CodeValue]] = {"KI": "KWH_IMPORT", "KE": "KWH_EXPORT"}
