"""Supplied properties and their meter points."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from transforms.dialects.edf_accounts.model.agreements import ElectricityAgreement, GasAgreement
from transforms.dialects.edf_accounts.model.metering import ElectricityMeter, GasMeter
from transforms.dialects.edf_accounts.model.people import PropertyAdministrator
from transforms.dialects.edf_accounts.model.values import (
    Capacity,
    Consumption,
    DeliveryPoint,
    GasMarketParticipant,
    Line,
    MarketParticipant,
    Proportion,
)
from transforms.models.base import Entity, IsoDate, Metadata

_MeasurementClass: TypeAlias = Literal["A", "B", "C", "D", "E", "F", "G"]
_Code: TypeAlias = Annotated[str, Field(max_length=4)]


class SmartRefusalInterest(Entity):
    """What the customer said when offered a smart meter."""

    type: Literal["NOT_INTERESTED", "INTERESTED", "NOT_AT_THE_MOMENT"]
    date: IsoDate
    refusal_reason: (
        Literal[
            "DO_NOT_OWN_HOME",
            "TECHNOLOGY_SCEPTICAL",
            "WORRIED_SECURITY",
            "WORRIED_HEALTH_SAFETY",
            "NEGATIVE_PUBLICITY",
            "WORRIED_ABOUT_USAGE_COST",
            "ALREADY_HAS_SMART_METER",
            "HOUSE_MOVE_IMMINENT",
            "SWITCH_IMMINENT",
            "MORE_INFORMATION_REQUIRED",
            "IS_LANDLORD",
            "CANNOT_SEE_BENEFIT",
            "WAIT_UNTIL_IT_IS_COMPULSORY",
            "VULNERABILITY",
            "WORRIED_ABOUT_SMART_METERS",
            "WORRIED_ABOUT_INSTALLATION",
            "PROPERTY_NOT_OCCUPIED",
            "CANNOT_ATTEND_APPOINTMENT",
        ]
        | None
    ) = None
    source: Literal["WEBSITE", "EMAIL", "OTHER"] | None = None


class SmartSiteVisit(Entity):
    """An appointment at which a smart meter was to be fitted."""

    date: IsoDate
    reference_number: Annotated[str, Field(max_length=1024)]
    status: Literal["CANCELLED", "ABORTED", "SUCCESSFUL"]
    metering_agent: Literal[
        "GENERIC_AGENT",
        "TTE_FACILITA",
        "SMS",
        "AES",
        "OES",
        "PROVIDOR",
        "MDS",
        "EON_METERING",
        "LOWRI_BECK",
        "METERPLUS",
        "ENTERPRISE_MANAGED",
        "MIDS_ELEC",
        "N_POWERGRID",
        "ELEC_NW",
        "NATIONAL_GRID",
        "SGN",
        "ENERGY_ASSETS",
        "SIEMENS",
        "LONDON",
        "SWEB",
        "ECM",
        "OESL",
        "EDF_FIELD",
        "ESSENTIAL_FIELD",
        "ESSENTIAL_WATER_FIELD",
        "IFS",
        "SAP",
    ]
    work_category: Literal[
        "IHD_INSTALL",
        "NEW_CONNECTION",
        "REMOVE",
        "EXCHANGE",
        "OTHER",
        "MOVE",
        "CONFIRM_METER_DETAILS",
        "ENERGISE",
        "DE_ENERGISE",
        "INVESTIGATE_FAULT",
    ]
    appointment_notes: Annotated[str, Field(max_length=2048)] | None = None
    additional_data: Any = None


class TaxExemption(Entity):
    """The share of the energy that is free of a tax."""

    effective_from: IsoDate
    effective_to: IsoDate | None = None
    rate: Proportion


class EstimatedConsumption(Entity):
    """Estimated annual consumption of a time pattern regime."""

    effective_from: IsoDate
    tpr: Annotated[str, Field(max_length=16)]
    consumption: Consumption
    source: Annotated[str, Field(max_length=255)] | None = None


class AnnualQuantity(Entity):
    """Annual quantity of gas."""

    effective_from: IsoDate
    effective_to: IsoDate | None = None
    consumption: Consumption
    source: Annotated[str, Field(max_length=255)] | None = None


class CapacityValue(Entity):
    """The capacity agreed with the network, in kVA."""

    effective_from_date: IsoDate
    effective_to_date: IsoDate | None = None
    value: Capacity


class ConfigurationPeriod(Entity):
    """How a meter point was set up for settlement from a date on; the last one is open."""

    effective_from_date: IsoDate
    effective_to_date: IsoDate | None = None
    energisation_status: Literal["E", "D"] | None = None
    gsp: Annotated[str, Field(max_length=2)] | None = None
    llf: Annotated[str, Field(max_length=3)] | None = None
    measurement_class: _MeasurementClass | None = None
    mtc: int | None = None
    profile_class: int | None = None
    ssc: _Code | None = None


class AgentContract(Entity):
    """A contract with an agent of the market."""

    agent_mpid: Annotated[str, Field(min_length=4, max_length=4)] | None = None
    contract_reference: Annotated[str, Field(max_length=10)] | None = None
    service_reference: _Code | None = None
    service_level_reference: _Code | None = None
    is_amr: bool | None = None
    is_customer_appointed: bool | None = None


class Agents(Entity):
    """The companies that aggregate and collect the data, and that operate the meter."""

    da_contract: AgentContract | None = None
    dc_contract: AgentContract | None = None
    mop_contract: AgentContract | None = None


class MeterPoint(Entity):
    """What meter points of both fuels share."""

    identifier: str
    mpid: MarketParticipant
    supply_start_date: IsoDate
    supply_end_date: IsoDate | None = None
    last_billed_to_date: IsoDate | None = None
    et_in_progress: bool | None = None
    dr_in_progress: bool | None = None
    smart_refusal_interest: SmartRefusalInterest | None = None
    smart_site_visit: list[SmartSiteVisit] | None = None
    vat_exemptions: list[TaxExemption] | None = None
    ccl_exemptions: list[TaxExemption] | None = None


class ElectricityMeterPoint(MeterPoint):
    """An MPAN."""

    supply_type: Literal["ELECTRICITY"]
    agreements: list[ElectricityAgreement] | None = None
    profile_class: int | None = None
    ssc: str | None = None
    measurement_class: _MeasurementClass | None = None
    regular_reading_cycle: Literal["A", "B", "D", "E", "H", "M", "N", "O", "Q", "S", "T", "W", "Z"] | None = (
        None
    )
    export_type: Literal["IMPORT_EXPORT", "EXPORT_ONLY"] | None = None
    is_deenergised: bool | None = None
    agents: Agents | None = None
    capacity_values: list[CapacityValue] | None = None
    configuration_periods: list[ConfigurationPeriod] | None = None
    meters: list[ElectricityMeter] | None = None
    eac_history: list[EstimatedConsumption] | None = None


class GasMeterPoint(MeterPoint):
    """An MPRN."""

    supply_type: Literal["GAS"]
    agreements: list[GasAgreement] | None = None
    shipper_mpid: GasMarketParticipant
    mam_to_appoint: GasMarketParticipant | None = None
    ldz: (
        Literal[
            "SC",
            "LC",
            "LO",
            "LS",
            "LT",
            "LW",
            "NO",
            "NE",
            "NW",
            "WM",
            "EM",
            "EA",
            "WN",
            "WS",
            "NT",
            "SO",
            "SE",
            "SW",
            "",
        ]
        | None
    ) = None
    regular_reading_cycle: Literal["CYYY", "CYSS", "CYQS", "CYLM", "CYSM", "CYNM"] | None = None
    meters: list[GasMeter] | None = None
    aq_history: list[AnnualQuantity] | None = None


class SupplyAddress(Entity):
    """A supplied property."""

    label: Annotated[str, Field(max_length=255)] | None = None
    property_external_identifier: Annotated[str, Field(max_length=255)] | None = None
    supply_address1: Line
    supply_address2: Line | None = None
    supply_address3: Line | None = None
    supply_address4: Line | None = None
    supply_address5: Line | None = None
    supply_postcode: Annotated[str, Field(max_length=10)]
    supply_delivery_point_identifier: DeliveryPoint | None = None
    is_landlord: bool | None = None
    customer_at_supply_address_from_date: IsoDate
    customer_at_supply_address_to_date: IsoDate | None = None
    primary_place_of_residence_since: IsoDate | None = None
    meter_points: list[Annotated[ElectricityMeterPoint | GasMeterPoint, Field(discriminator="supply_type")]]
    property_administrators: list[PropertyAdministrator] | None = None
    metadata: list[Metadata] | None = None
