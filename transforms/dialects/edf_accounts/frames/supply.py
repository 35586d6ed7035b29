"""Supply points, meters, registers, readings and consumption."""

from __future__ import annotations

from typing import Final

from transforms.dialect import FLAG, OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
    AGREEMENT,
)

_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_METER_POINT: Final = (*_ADDRESS, "meter_point_key")
_METER: Final = (*_METER_POINT, "meter_key")
_READING: Final = (
    Column(name="register_id", kind="text", meaning="Register; empty for gas."),
    Column(name="reading_date", kind="date", required=True, meaning="When it was read."),
    Column(
        name="reading_value",
        kind="decimal",
        decimals="reading_decimals",
        required=True,
        meaning="The digits before the point; reading_decimals has those after it.",
    ),
    Column(name="reading_type", kind="code", codes=codes.READING_TYPE, required=True, meaning="Who read it."),
)

FRAMES: Final = (
    Frame(
        name="meter_points",
        key=_METER_POINT,
        parent="supply_addresses",
        target="meter_points",
        required=True,
        columns=(
            Column(name="identifier", kind="text", required=True, meaning="MPAN or MPRN."),
            Column(
                name="fuel",
                field="supply_type",
                kind="code",
                codes=codes.FUEL,
                required=True,
                meaning="Fuel.",
            ),
            Column(name="mpid", kind="text", required=True, meaning="Market participant of the supplier."),
            Column(name="shipper_mpid", kind="text", meaning="Gas shipper; empty for electricity."),
            Column(name="supply_start_date", kind="date", required=True, meaning="Start of the supply."),
            Column(name="supply_end_date", kind="date", meaning="Last day of supply; empty while it runs."),
            Column(
                name="measurement_class",
                kind="code",
                codes=codes.MEASUREMENT_CLASS,
                meaning="Measurement class of electricity; it tells half-hourly and unmetered supplies.",
            ),
            Column(
                name="export_kind",
                field="export_type",
                kind="code",
                codes=codes.EXPORT,
                meaning="What the meters of an export point count; empty for import.",
            ),
            Column(
                name="is_deenergised",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether electricity is de-energised; empty where it is not known.",
            ),
            Column(name="profile_class", kind="integer", meaning="Profile class; empty for gas."),
            Column(name="ssc", kind="text", meaning="Standard settlement configuration; empty for gas."),
            *columns(
                kind="code",
                codes=FLAG,
                meanings={
                    "et_in_progress": "Whether an erroneous transfer is under way.",
                    "dr_in_progress": "Whether a disputed reading is under way.",
                },
            ),
            Column(
                name="smart_interest",
                field="smart_refusal_interest.type",
                kind="code",
                codes=codes.REFUSAL,
                meaning="What the customer said to a smart meter.",
            ),
            Column(
                name="smart_interest_date",
                field="smart_refusal_interest.date",
                kind="date",
                meaning="When that was said.",
            ),
            Column(
                name="smart_refusal_reason",
                field="smart_refusal_interest.refusal_reason",
                kind="code",
                codes=codes.REFUSAL_REASON,
                meaning="Why not.",
            ),
            Column(
                name="smart_interest_source",
                field="smart_refusal_interest.source",
                kind="code",
                codes=codes.REFUSAL_SOURCE,
                meaning="How that was said.",
            ),
        ),
    ),
    Frame(
        name="agreements",
        key=(*_METER_POINT, "agreement_key"),
        parent="meter_points",
        target="agreements",
        columns=(
            *AGREEMENT,
            Column(
                name="intermediary",
                field="intermediary.portfolio_number",
                kind="configured",
                setting="intermediaries",
                meaning="The business between supplier and customer: the number of its portfolio in Kraken.",
            ),
            Column(
                name="intermediary_reference",
                field="intermediary.external_id",
                kind="text",
                meaning="What the legacy system calls that relationship.",
            ),
        ),
    ),
    Frame(
        name="meters",
        key=_METER,
        parent="meter_points",
        target="meters",
        columns=(
            Column(name="meter_serial_number", kind="text", required=True, meaning="Serial number."),
            Column(name="installed_on", kind="date", meaning="When it was installed."),
            Column(name="removed_on", kind="date", meaning="When it was removed, if it was."),
            Column(name="gas_number_of_digits", kind="integer", meaning="Digits of a gas meter."),
            Column(
                name="gas_billed_to_date",
                field="last_billed_to_date",
                kind="date",
                meaning="Day to which a gas meter is billed; empty where it is the account's.",
            ),
            Column(
                name="meter_generation",
                field="smart_type",
                kind="code",
                codes=codes.METER_GENERATION,
                meaning="Generation of a smart meter.",
            ),
            Column(name="is_prepay", kind="code", codes=OPTIONAL_FLAG, meaning="Whether it is prepaid."),
            Column(
                name="prepay_customer_reference_number",
                kind="text",
                meaning="Customer's number on the key or card of an electricity prepay meter.",
            ),
            *columns(
                kind="money",
                inside="prepay_details",
                meanings={
                    "debt_balance": "Debt on a prepay meter.",
                    "credit_balance": "Credit on a prepay meter.",
                },
            ),
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
    ),
    Frame(
        name="registers",
        key=(*_METER, "register_key"),
        parent="meters",
        target="registers",
        columns=(
            Column(name="register_id", kind="text", required=True, meaning="Register."),
            Column(name="tpr", kind="text", meaning="Time pattern regime."),
            Column(name="number_of_digits", kind="integer", required=True, meaning="Digits that it shows."),
            Column(
                name="is_settlement",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether it counts in settlement.",
            ),
            Column(
                name="last_billed_to_date",
                kind="date",
                meaning="Day to which it is billed; empty where it is the account's.",
            ),
        ),
    ),
    Frame(
        name="transfer_readings",
        key=(*_METER, "reading_key"),
        parent="meters",
        target="transfer_readings",
        columns=_READING,
    ),
    Frame(
        name="reading_history",
        key=(*_METER, "reading_key"),
        parent="meters",
        target="reading_history",
        columns=(
            *_READING,
            Column(name="billed", kind="code", codes=FLAG, required=True, meaning="Whether it was billed."),
        ),
    ),
    Frame(
        name="eac_history",
        key=(*_METER_POINT, "consumption_key"),
        parent="meter_points",
        target="eac_history",
        columns=(
            Column(name="effective_from", kind="date", required=True, meaning="Since when."),
            Column(name="tpr", kind="text", required=True, meaning="Time pattern regime."),
            Column(name="consumption", kind="decimal", required=True, meaning="kWh a year."),
            Column(name="source", kind="text", meaning="Industry flow that brought it."),
        ),
    ),
    Frame(
        name="aq_history",
        key=(*_METER_POINT, "consumption_key"),
        parent="meter_points",
        target="aq_history",
        columns=(
            Column(name="effective_from", kind="date", required=True, meaning="First day."),
            Column(name="effective_to", kind="date", meaning="Last day; empty while it holds."),
            Column(name="consumption", kind="decimal", required=True, meaning="kWh a year."),
        ),
    ),
)
