"""The accounts of an American import supplier. The guide shows an example and states one rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Context, Found, Rulebook
from kraken_import.simulator.rules.forms import Form, obsolete_tariff, shapes_of
from kraken_import.simulator.rules.telephones import add_telephones

_GUIDE: Final = "guide National Grid, validate: the example of a 400"

_FIELDS: Final = """
Account
  text : import_supplier! external_account_number!
  =Address : billing_address
  *Metadata : metadata
  *Customer : customers
  *Note : notes
  *Ledger : ledgers
  *SupplyAddress : supply_addresses
Address
  text : street_address locality administrative_area postal_code country
Metadata
  text : key
  any : value
Customer
  text : given_name family_name email mobile landline
  day : date_of_birth
  *AlternativeNumber : alternative_phone_numbers
  =Preferences : customer_preferences
  *UserDetail : user_details
AlternativeNumber
  text : phone_number
Preferences
  flag : opted_into_updates opted_into_offers opted_into_sms
UserDetail
  text : namespace
  any : value
Note
  moment : created_at unpin_at
  text : body
  flag : is_pinned
  *Document : document_paths
Document
  text : document_path
Ledger
  text : ledger_code billing_document_type
  dec : ledger_balance
  day : last_statement_closing_date last_statement_issue_date
  *BillingDocument : historical_billing_documents
  *Transaction : additional_historical_transactions current_statement_transactions
BillingDocument
  text : billing_document_identifier billing_document_type
  day : issued_date
  *Transaction : transactions
Transaction
  text : transaction_id type reason
  dec : amount
  day : transaction_date
SupplyAddress
  day : customer_at_supply_address_from_date
  =Address : supply_address
  text : external_identifier
  =Property : property_details
  *SupplyPoint : supply_points
Property
  text : driving_instructions
  =PropertyType : property_type_specific_details
PropertyType
  text : property_type premise_type entry_instructions
SupplyPoint
  text : supply_type identifier operating_company
  day : supply_start_date last_billed_to_date
  *Agreement : agreements
  =SupplyDetails : supply_details
  *Meter : meters
Agreement
  day : effective_from effective_to
  text : tariff_code
  *Characteristic : characteristics
Characteristic
  text : code
  any : value
SupplyDetails
  text : standard_point_location_code load_profile_code
  =ServiceDrop : service_drop
ServiceDrop
  text : external_identifier distribution_line_style delivery_voltage metering_type
Meter
  moment : active_from
  text : serial_number status service_type phase retrieval_method model manufacturer advance_meter_info
  number : voltage size
  flag : is_net_metered
  *Register : registers
Register
  text : register_type
  int : digits
  dec : multiplier
"""

_BOOK: Final = Rulebook(source="guide National Grid:")
add_telephones("mobile", "landline", on="Customer", book=_BOOK, source=_GUIDE)
add_telephones("phone_number", on="AlternativeNumber", book=_BOOK, source=_GUIDE)


@_BOOK.rule(
    "standard_point_location_not_found",
    on="SupplyDetails",
    source="arranged, and stated nowhere: so that there is a code that Kraken alone can refuse",
    needs="standard_point_location_code",
)
def _load_zone(details: Found, _: Context) -> Iterator[Breach]:
    """standard_point_location_code is GONE."""
    if details["standard_point_location_code"] == "GONE":
        yield Breach("standard_point_location_code", "There is no load zone GONE.")


FORM: Final = Form(
    name="national_grid_accounts",
    resource="accounts",
    kind="Account",
    shapes=shapes_of(_FIELDS, book=_BOOK, is_null_absent=True),
    book=_BOOK,
    fields_source="guide National Grid: the example of a payload",
    processing_error=obsolete_tariff(points="supply_points"),
)
