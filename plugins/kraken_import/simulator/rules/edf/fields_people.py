"""The fields of a British account: people. `shape` says how to read them."""

from __future__ import annotations

from typing import Final

FIELDS: Final = """
ROLE = POWER_OF_ATTORNEY NEIGHBOUR LOA_LEVEL_1 LOA_LEVEL_3 CARER ADMIN EXECUTOR LOA_LEVEL_2
    STUDENT_HOUSE FRIEND_FAMILY_MEMBER
PRONOUNS = OTHER E_EM_EIR EY_EM_EIR FAE_FAER_FAERS HE_HIM_HIS PER_PER_PERS SHE_HER_HERS THEY_THEM_THEIRS
    VE_VER_VIS XE_XEM_XYR ZE_HIR_HIRS ZE_ZIR_ZIRS ZIE_HIR_HIRS ZIE_ZIR_ZIRS ''
EnergyCustomer
  *one ROLE : account_roles portfolio_roles
  *CustomerAlternativeNumber : alternative_phone_numbers
  *CustomerConsent : consents
  *email : contact_emails
  text? : credit_assessment_id credit_result label
  one(LOW MID HIGH UNKNOWN '')? : credit_risk_bracket
  int/0..9999? : credit_score
  =EnergyCustomerPreferences : customer_preferences
  day? : date_of_birth
  one(Reported Confirmed '') : deceased
  any? : details
  email/254? : email
  text/255 : family_name given_name
  text/32? : landline mobile
  *Metadata : metadata
  one PRONOUNS? : pronouns
  *EnergyPSR : psr
  one ROLE? : role
  text/128? : salutation
  text/20? : title
  flag : unable_to_read_meters
  *CustomerUserDetail : user_details
  text : user_identifier
CustomerAlternativeNumber
  text/32? : phone_number
CustomerConsent
  text/255 : description
  moment : signed_at
  any : type!
  one(ACCEPTED REJECTED UNKNOWN PENDING) : value!
EnergyCustomerPreferences
  flag? : is_user_psr_consent_obtained
  flag : opted_into_associated_companies opted_into_offers opted_into_recommended opted_into_sms
      opted_into_third_parties opted_into_updates opted_into_whatsapp
  text/10 : partner_password
EnergyPSR
  text? : additional_information description elec_industry_code gas_industry_code
  moment : effective_from
  moment? : effective_to
CustomerUserDetail
  one(external_user_id) : namespace!
  any : value!
PropertyAdministrator
  text/512 : address1 address2 address3 address4 address5
  text/255 : billing_name family_name
  day? : date_of_birth
  one(Reported Confirmed '') : deceased
  moment? : effective_from effective_to
  email/254? : email
  text/255? : given_name
  text/32? : landline mobile
  text/10 : postcode
  one(LANDLORD PROPERTY_DEVELOPER) : role
  text/128? : salutation
  text/20? : title
BusinessUser
  *CustomerAlternativeNumber : alternative_phone_numbers
  *one ROLE : business_roles!
  *email : contact_emails
  text? : credit_assessment_id credit_result label
  one(LOW MID HIGH UNKNOWN '')? : credit_risk_bracket
  int/0..9999? : credit_score
  day? : date_of_birth
  one(Reported Confirmed '') : deceased
  any? : details
  email/254? : email
  text/255 : family_name given_name
  text/32? : landline mobile
  text/128? : salutation
  text/20? : title
  flag : unable_to_read_meters
  *CustomerUserDetail : user_details
"""
