"""Codes of the legacy system and what Kraken calls them. A code that is not here rejects the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transforms.dialect import CodeValue

ACCOUNT_CLASS: Final[Mapping[str, CodeValue]] = {
    "DOM": "DOMESTIC",
    "BUS": "BUSINESS",
    "MGD": "MANAGED",
    "DVA": "DOMESTIC_VACANT",
    "BVA": "BUSINESS_VACANT",
    "DOC": "DOMESTIC_OCCUPIER",
    "BOC": "BUSINESS_OCCUPIER",
    "DTP": "DOMESTIC_THIRD_PARTY_BILLED",
    "BTP": "BUSINESS_THIRD_PARTY_BILLED",
    "LED": "PORTFOLIO_LEAD",
    "SYS": "SYSTEM",
}
WITHOUT_PROPERTY: Final = ("PORTFOLIO_LEAD", "SYSTEM")
"""Kinds of account that have no supply address."""
NOBODYS: Final = (
    "DOMESTIC_VACANT",
    "BUSINESS_VACANT",
    "DOMESTIC_OCCUPIER",
    "BUSINESS_OCCUPIER",
    *WITHOUT_PROPERTY,
)
"""Kinds of account that may be without customers."""
BUSINESS_TYPE: Final[Mapping[str, CodeValue]] = {
    "SOL": "SOLE_TRADER",
    "LTD": "LTD",
    "PAR": "PARTNERSHIP",
    "CHA": "CHARITY",
    "PLC": "PLC",
    "LLP": "LLP",
    "TRU": "TRUST",
    "TRA": "TRADING_AS",
    "GOV": "GOVERNMENT",
    "NPO": "NON_PROFIT",
    "CHU": "CHURCH",
}
BUSINESS_DETAIL: Final[Mapping[str, CodeValue]] = {
    "VAT": "vat_number",
    "SIC": "sic_codes",
    "CHY": "registered_charity_number",
    "OFG": "ofgem_protection_label",
}
BILLING_PERIOD: Final[Mapping[str, CodeValue]] = {"M": "MONTHLY", "Q": "QUARTERLY"}
DECEASED: Final[Mapping[str, CodeValue]] = {"R": "Reported", "C": "Confirmed"}
SALES_CHANNEL: Final[Mapping[str, CodeValue]] = {
    "DIR": "DIRECT",
    "PCW": "PRICE_COMPARISON",
    "TEL": "TELESALES",
    "BRK": "BROKER",
    "MOV": "MOVE_IN",
    "ACQ": "ACQUISITION",
}
FUEL: Final[Mapping[str, CodeValue]] = {"E": "ELECTRICITY", "G": "GAS"}
MEASUREMENT_CLASS: Final[Mapping[str, CodeValue]] = {name: name for name in "ABCDEFG"}
EXPORT: Final[Mapping[str, CodeValue]] = {"IE": "IMPORT_EXPORT", "EX": "EXPORT_ONLY"}
METER_GENERATION: Final[Mapping[str, CodeValue]] = {"S1": "SMETS1", "S2": "SMETS2", "00": "NONE"}
READING_TYPE: Final[Mapping[str, CodeValue]] = {
    "C": "CUSTOMER",
    "E": "ESTIMATE",
    "R": "ROUTINE",
    "S": "SMART",
}
REFUSAL: Final[Mapping[str, CodeValue]] = {
    "NO": "NOT_INTERESTED",
    "YES": "INTERESTED",
    "LATER": "NOT_AT_THE_MOMENT",
}
REFUSAL_REASON: Final[Mapping[str, CodeValue]] = {
    "TENANT": "DO_NOT_OWN_HOME",
    "SCEPT": "TECHNOLOGY_SCEPTICAL",
    "SECUR": "WORRIED_SECURITY",
    "MOVING": "HOUSE_MOVE_IMMINENT",
    "LANDLD": "IS_LANDLORD",
}
REFUSAL_SOURCE: Final[Mapping[str, CodeValue]] = {"WEB": "WEBSITE", "EML": "EMAIL", "OTH": "OTHER"}
TRANSACTION_TYPE: Final[Mapping[str, CodeValue]] = {
    "10": "CHARGE",
    "20": "PAYMENT",
    "30": "CREDIT",
    "40": "REPAYMENT",
}
TRANSACTION_REASON: Final[Mapping[str, CodeValue]] = {
    "ACP": "ACCOUNT_CHARGE_PAYMENT",
    "ACC": "IMPORTED_CHARGE",
    "FCR": "FULL_CREDIT_REFUND",
    "DDD": "DIRECT_DEBIT_DISCOUNT",
    "RTN": "FAILED_PAYMENT",
}
SCHEDULE_FREQUENCY: Final[Mapping[str, CodeValue]] = {
    "M": "MONTHLY",
    "Q": "QUARTERLY",
    "W": "WEEKLY",
    "F": "FORTNIGHTLY",
}
PAYMENT_MEANS: Final[Mapping[str, CodeValue]] = {
    "D": "DD",
    "K": "CARD",
    "H": "MANUAL",
    "S": "PAYMENT_SLIP",
}
SCHEDULE_TRIGGER: Final[Mapping[str, CodeValue]] = {"R": "REGULAR", "B": "BILL", "S": "BALANCE"}
SCHEDULE_DELAY: Final[Mapping[str, CodeValue]] = {"F": "FIXED", "W": "WORKING_DAYS"}
INSTRUCTION_TYPE: Final[Mapping[str, CodeValue]] = {"D": "DIRECT_DEBIT", "K": "CARD"}
WARM_HOME_ACCOUNT: Final[Mapping[str, CodeValue]] = {"CR": "CREDIT", "PP": "PREPAY"}
WARM_HOME_GROUP: Final[Mapping[str, CodeValue]] = {"C": "CORE", "B": "BROADER"}
READ_FREQUENCY: Final[Mapping[str, CodeValue]] = {"HH": "HALF_HOURLY", "DD": "DAILY", "MM": "MONTHLY"}
COMMUNICATION: Final[Mapping[str, CodeValue]] = {"E": "ONLINE", "P": "PRINT"}
ACCESSIBILITY: Final[Mapping[str, CodeValue]] = {"LP": "LARGE_PRINT", "BR": "BRAILLE", "SP": "SPOKEN"}
