"""The fields of a British account: addresses, meter points and meters. `shape` says how to read them."""

from __future__ import annotations

from typing import Final

FIELDS: Final = """
REFUSAL_REASON = DO_NOT_OWN_HOME TECHNOLOGY_SCEPTICAL WORRIED_SECURITY WORRIED_HEALTH_SAFETY
    NEGATIVE_PUBLICITY WORRIED_ABOUT_USAGE_COST ALREADY_HAS_SMART_METER HOUSE_MOVE_IMMINENT
    SWITCH_IMMINENT MORE_INFORMATION_REQUIRED IS_LANDLORD CANNOT_SEE_BENEFIT WAIT_UNTIL_IT_IS_COMPULSORY
    VULNERABILITY WORRIED_ABOUT_SMART_METERS WORRIED_ABOUT_INSTALLATION PROPERTY_NOT_OCCUPIED
    CANNOT_ATTEND_APPOINTMENT
METERING_AGENT = GENERIC_AGENT TTE_FACILITA SMS AES OES PROVIDOR MDS EON_METERING LOWRI_BECK METERPLUS
    ENTERPRISE_MANAGED MIDS_ELEC N_POWERGRID ELEC_NW NATIONAL_GRID SGN ENERGY_ASSETS SIEMENS LONDON SWEB
    ECM OESL EDF_FIELD ESSENTIAL_FIELD ESSENTIAL_WATER_FIELD IFS SAP
WORK_CATEGORY = IHD_INSTALL NEW_CONNECTION REMOVE EXCHANGE OTHER MOVE CONFIRM_METER_DETAILS ENERGISE
    DE_ENERGISE INVESTIGATE_FAULT
RATE_TYPE = STANDARD ECO7_DAY ECO7_NIGHT OFF_PEAK PEAK WEEKDAY OFF_PEAK_WEEKENDS WEEKENDS_OTHER SUMMER
    SUMMER_PEAK SUMMER_OFF_PEAK WINTER WINTER_PEAK WINTER_OFF_PEAK NUCLEAR_RAB
    SUMMER_WEEKENDS_OFF_PEAK_WINTER TNUOS CAPACITY_MARKET HMC_GUARANTEE_ADVANCE HMC_GUARANTEE_FULL
    EV_DEVICE EV_DEVICE_PEAK EV_DEVICE_OFF_PEAK
EnergyLegacySupplyAddress
  day : customer_at_supply_address_from_date! primary_place_of_residence_since
  day? : customer_at_supply_address_to_date
  flag : is_landlord
  text/255 : label property_external_identifier
  *Metadata : metadata
  *MeterPoint : meter_points!
  *PropertyAdministrator : property_administrators
  text/512 : supply_address1! supply_address2 supply_address3 supply_address4 supply_address5
  text/11 : supply_delivery_point_identifier
  text/10 : supply_postcode!
ElectricityMeterPoint
  one(ELECTRICITY GAS) : supply_type!
  =ElectricityAgents? : agents
  *ElectricityAgreement : agreements
  *ElectricityCapacityValue : capacity_values
  *EnergyTaxExemption : ccl_exemptions vat_exemptions
  *ElectricityConfigurationPeriod : configuration_periods
  text/4? : dc_to_appoint mop_to_appoint
  flag? : dr_in_progress et_in_progress
  *ElectricityEstimatedAnnualConsumption : eac_history
  one(IMPORT_EXPORT EXPORT_ONLY) : export_type
  text : identifier! ssc
  flag : is_deenergised
  day : last_billed_to_date supply_start_date!
  one(A B C D E F G) : measurement_class
  *ElectricityMeter : meters
  text/4 : mpid!
  int : profile_class
  one(A B D E H M N O Q S T W Z) : regular_reading_cycle
  =EnergySmartRefusalInterest : smart_refusal_interest
  *EnergySmartSiteVisit : smart_site_visit
  day? : supply_end_date
GasMeterPoint
  one(ELECTRICITY GAS) : supply_type!
  *GasAgreement : agreements
  *GasAnnualQuantity : aq_history
  *EnergyTaxExemption : ccl_exemptions vat_exemptions
  flag? : dr_in_progress et_in_progress
  text : identifier!
  day : last_billed_to_date supply_start_date!
  one(SC LC LO LS LT LW NO NE NW WM EM EA WN WS NT SO SE SW '') : ldz
  text/3? : mam_to_appoint
  *GasMeter : meters
  text/4 : mpid!
  one(CYYY CYSS CYQS CYLM CYSM CYNM) : regular_reading_cycle
  text/3 : shipper_mpid!
  =EnergySmartRefusalInterest : smart_refusal_interest
  *EnergySmartSiteVisit : smart_site_visit
  day? : supply_end_date
ElectricityAgents
  =ElectricityAgentContractReference? : da_contract dc_contract mop_contract
ElectricityAgreement
  moment? : agreed_at rates_agreed_at
  *ElectricityBespokeElectricityTariffRate : bespoke_tariff_rates
  text? : business_contract_identifier
  *Characteristic? : characteristics
  day : effective_from!
  day? : effective_to
  =AgreementIntermediaryDetails? : intermediary
  *RateOverride? : rate_overrides
  text : tariff_code!
ElectricityCapacityValue
  day : effective_from_date! effective_to_date
  dec/5.2 : value!
EnergyTaxExemption
  day : effective_from! effective_to
  dec/1.2 : rate!
ElectricityConfigurationPeriod
  day : effective_from_date! effective_to_date
  one(E D) : energisation_status
  text/2 : gsp
  text/3 : llf
  one(A B C D E F G) : measurement_class
  int : mtc profile_class
  text/4 : ssc
ElectricityEstimatedAnnualConsumption
  dec/8.2 : consumption!
  day : effective_from!
  text/255 : source
  text/16 : tpr!
ElectricityMeter
  day? : installed_on removed_on smart_commissioned_on
  flag : is_prepay
  text/32 : meter_serial_number!
  text/20 : prepay_customer_reference_number
  =EnergyPrepaymentDetails : prepay_details
  *HistoricalReading : reading_history
  *ElectricityRegister : registers
  text? : smart_device_id
  one(NONE SMETS1 SMETS1_ENROLLED SMETS2) : smart_type
  *Reading : transfer_readings
EnergySmartRefusalInterest
  day : date!
  one REFUSAL_REASON : refusal_reason
  one(WEBSITE EMAIL OTHER) : source
  one(NOT_INTERESTED INTERESTED NOT_AT_THE_MOMENT) : type!
EnergySmartSiteVisit
  any : additional_data
  text/2048 : appointment_notes
  day : date!
  one METERING_AGENT : metering_agent!
  text/1024 : reference_number!
  one(CANCELLED ABORTED SUCCESSFUL) : status!
  one WORK_CATEGORY : work_category!
GasAgreement
  moment? : agreed_at rates_agreed_at
  *GasBespokeGasTariffRate : bespoke_tariff_rates
  text? : business_contract_identifier
  *Characteristic? : characteristics
  day : effective_from!
  day? : effective_to
  =AgreementIntermediaryDetails? : intermediary
  *RateOverride? : rate_overrides
  text : tariff_code!
GasAnnualQuantity
  dec/8.2 : consumption!
  day : effective_from!
  day? : effective_to
  text/255 : source
GasMeter
  int/1..15 : gas_number_of_digits!
  day? : installed_on removed_on smart_commissioned_on
  flag : is_prepay
  day : last_billed_to_date
  text/32 : meter_serial_number!
  text/20 : prepay_customer_reference_number
  =GasPrepaymentDetails : prepay_details
  *HistoricalReading : reading_history
  text? : smart_device_id
  one(NONE SMETS1 SMETS1_ENROLLED SMETS2) : smart_type
  *Reading : transfer_readings
  one(SCFH SCMH) : units_of_measure
ElectricityAgentContractReference
  text/4-4? : agent_mpid
  text/10 : contract_reference
  flag : is_amr is_customer_appointed
  text/4 : service_level_reference service_reference
ElectricityBespokeElectricityTariffRate
  text/32 : meter_serial_number
  one(DD NDD PP '')? : payment_method
  *ElectricityBespokeRegisterRate : registers!
  dec/7.5 : standing_charge!
AgreementIntermediaryDetails
  text/255? : external_id
  text : portfolio_number!
RateOverride
  text/255 : rate_band!
  dec/10.10 : unit_price!
EnergyPrepaymentDetails
  dec/10.10 : credit_balance! debt_balance!
  day : transfer_vend_read_date!
HistoricalReading
  flag : billed!
  day : reading_date!
  one(CUSTOMER ESTIMATE ROUTINE SMART REGULAR) : reading_type!
  dec/10.10 : reading_value!
  text/32 : register_id
  one(VALIDATED UNVALIDATED FAILED) : validation_status
ElectricityRegister
  flag : is_settlement
  day : last_billed_to_date
  int/1..15 : number_of_digits!
  text/32 : register_id!
  text : tpr
Reading
  day : reading_date!
  one(CUSTOMER ESTIMATE ROUTINE SMART REGULAR) : reading_type!
  dec/10.10 : reading_value!
  text/32 : register_id
GasBespokeGasTariffRate
  text/32 : meter_serial_number
  one(DD NDD PP '')? : payment_method
  dec/7.5 : standing_charge! unit_rate!
GasPrepaymentDetails
  dec/10.10 : credit_balance! debt_balance!
  =GasPrepayDebtRepaymentOptions : gas_debt_repayment_options
  day : transfer_vend_read_date!
ElectricityBespokeRegisterRate
  one RATE_TYPE : rate_type
  text/32 : register_id
  time : start_time
  dec/7.5 : unit_rate!
GasPrepayDebtRepaymentOptions
  dec/10.10 : weekly_max weekly_min
Characteristic
  text : code! value!
"""
