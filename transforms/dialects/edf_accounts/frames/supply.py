"""Supply points, meters, registers, readings and consumption."""

from __future__ import annotations

from typing import Final

from transforms.dialect import FLAG, OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import ACCOUNT, AGREEMENT

_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_METER_POINT: Final = (*_ADDRESS, "meter_point_key")
_METER: Final = (*_METER_POINT, "meter_key")
_READING: Final = (
    Column("register_id", "text", "Register; empty for gas."),
    Column("reading_date", "date", "When it was read.", required=True),
    Column(
        "reading_value",
        "decimal",
        "The digits before the point; reading_decimals has those after it.",
        decimals="reading_decimals",
        required=True,
    ),
    Column("reading_type", "code", "Who read it.", codes=codes.READING_TYPE, required=True),
)

FRAMES: Final = (
    Frame(
        "meter_points", key=_METER_POINT, parent="supply_addresses", target="meter_points", required=True
    ).having(
        Column("identifier", "text", "MPAN or MPRN.", required=True),
        Column("fuel", "code", "Fuel.", field="supply_type", codes=codes.FUEL, required=True),
        Column("mpid", "text", "Market participant of the supplier.", required=True),
        Column("shipper_mpid", "text", "Gas shipper; empty for electricity."),
        Column("supply_start_date", "date", "Start of the supply.", required=True),
        Column("supply_end_date", "date", "Last day of supply; empty while it runs."),
        Column(
            "measurement_class",
            "code",
            "Measurement class of electricity; it tells half-hourly and unmetered supplies.",
            codes=codes.MEASUREMENT_CLASS,
        ),
        Column(
            "export_kind",
            "code",
            "What the meters of an export point count; empty for import.",
            field="export_type",
            codes=codes.EXPORT,
        ),
        Column(
            "is_deenergised",
            "code",
            "Whether electricity is de-energised; empty where it is not known.",
            codes=OPTIONAL_FLAG,
        ),
        Column("profile_class", "integer", "Profile class; empty for gas."),
        Column("ssc", "text", "Standard settlement configuration; empty for gas."),
        Column("et_in_progress", "code", "Whether an erroneous transfer is under way.", codes=FLAG),
        Column("dr_in_progress", "code", "Whether a disputed reading is under way.", codes=FLAG),
        Column(
            "smart_interest",
            "code",
            "What the customer said to a smart meter.",
            field="smart_refusal_interest.type",
            codes=codes.REFUSAL,
        ),
        Column("smart_interest_date", "date", "When that was said.", field="smart_refusal_interest.date"),
        Column(
            "smart_refusal_reason",
            "code",
            "Why not.",
            field="smart_refusal_interest.refusal_reason",
            codes=codes.REFUSAL_REASON,
        ),
        Column(
            "smart_interest_source",
            "code",
            "How that was said.",
            field="smart_refusal_interest.source",
            codes=codes.REFUSAL_SOURCE,
        ),
    ),
    Frame(
        "agreements", key=(*_METER_POINT, "agreement_key"), parent="meter_points", target="agreements"
    ).having(
        *AGREEMENT,
        Column(
            "intermediary",
            "configured",
            "The business between supplier and customer: the number of its portfolio in Kraken.",
            field="intermediary.portfolio_number",
            setting="intermediaries",
        ),
        Column(
            "intermediary_reference",
            "text",
            "What the legacy system calls that relationship.",
            field="intermediary.external_id",
        ),
    ),
    Frame("meters", key=_METER, parent="meter_points", target="meters").having(
        Column("meter_serial_number", "text", "Serial number.", required=True),
        Column("installed_on", "date", "When it was installed."),
        Column("removed_on", "date", "When it was removed, if it was."),
        Column("gas_number_of_digits", "integer", "Digits of a gas meter."),
        Column(
            "gas_billed_to_date",
            "date",
            "Day to which a gas meter is billed; empty where it is the account's.",
            field="last_billed_to_date",
        ),
        Column(
            "meter_generation",
            "code",
            "Generation of a smart meter.",
            field="smart_type",
            codes=codes.METER_GENERATION,
        ),
        Column("is_prepay", "code", "Whether it is prepaid.", codes=OPTIONAL_FLAG),
        Column(
            "prepay_customer_reference_number",
            "text",
            "Customer's number on the key or card of an electricity prepay meter.",
        ),
        Column("debt_balance", "money", "Debt on a prepay meter.", field="prepay_details.debt_balance"),
        Column("credit_balance", "money", "Credit on a prepay meter.", field="prepay_details.credit_balance"),
        *columns(
            kind="date",
            inside="prepay_details",
            meanings={"transfer_vend_read_date": "When the prepay meter was read."},
        ),
        *columns(
            kind="money",
            inside="prepay_details.gas_debt_repayment_options",
            meanings={
                "weekly_min": "Least that is collected a week.",
                "weekly_max": "Most that is collected a week.",
            },
        ),
    ),
    Frame("registers", key=(*_METER, "register_key"), parent="meters", target="registers").having(
        Column("register_id", "text", "Register.", required=True),
        Column("tpr", "text", "Time pattern regime."),
        Column("number_of_digits", "integer", "Digits that it shows.", required=True),
        Column("is_settlement", "code", "Whether it counts in settlement.", codes=OPTIONAL_FLAG),
        Column("last_billed_to_date", "date", "Day to which it is billed; empty where it is the account's."),
    ),
    Frame(
        "transfer_readings",
        key=(*_METER, "reading_key"),
        parent="meters",
        target="transfer_readings",
        columns=_READING,
    ),
    Frame("reading_history", key=(*_METER, "reading_key"), parent="meters", target="reading_history").having(
        *_READING, Column("billed", "code", "Whether it was billed.", codes=FLAG, required=True)
    ),
    Frame(
        "eac_history", key=(*_METER_POINT, "consumption_key"), parent="meter_points", target="eac_history"
    ).having(
        Column("effective_from", "date", "Since when.", required=True),
        Column("tpr", "text", "Time pattern regime.", required=True),
        Column("consumption", "decimal", "kWh a year.", required=True),
        Column("source", "text", "Industry flow that brought it."),
    ),
    Frame(
        "aq_history", key=(*_METER_POINT, "consumption_key"), parent="meter_points", target="aq_history"
    ).having(
        Column("effective_from", "date", "First day.", required=True),
        Column("effective_to", "date", "Last day; empty while it holds."),
        Column("consumption", "decimal", "kWh a year.", required=True),
    ),
)
