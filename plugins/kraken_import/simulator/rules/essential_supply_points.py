"""The supply points of an Australian network, with customer details notifications or with accounts.

Both guides show the same address and the same import supplier, so that a supply point may have either list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Context, Found, Rulebook
from kraken_import.simulator.rules.forms import Form, missing_substation, shapes_of
from kraken_import.simulator.rules.values import is_delivery_point, is_nmi

_FIELDS: Final = """
Payload
  text : import_supplier!
  =SupplyPoint : supply_point!
  *Notification : cdns
  *Account : accounts
SupplyPoint
  text : identifier! supply_type substation
  flag : critical_load
Notification
  moment : transaction_date
  text : movement_type
  =Contact : outage_contact
Contact
  text : title given_name family_name suffix name_type email_address
  *Phone : phones
  =Phone : phone_1 phone_2
  =Address : postal_address
Phone
  text : number service_type prefix
Account
  text : account_type
  day : customer_at_supply_address_from_date
  *Customer : customers
  =Contact : outage_contact
Customer
  text : title given_name family_name email mobile landline salutation
  *text : account_roles
  =Address : postal_address
Address
  text : administrative_area country locality dependent_locality postal_code delivery_point_identifier
      sorting_code street_address
  =Street : structured_street_address
Street
  text : house_number_1 building_or_property_name flat_or_unit_number flat_or_unit_type street_name
      street_type postal_delivery_number_value postal_delivery_type
"""

_BOOK: Final = Rulebook(source="guides Essential:")


@_BOOK.rule(
    "invalid_supply_point_identifier",
    on="SupplyPoint",
    source="guides Essential, validate: the example of a 400; the form is AEMO's",
)
def _identifier(point: Found, _: Context) -> Iterator[Breach]:
    """identifier: no NMI of ten characters, or an eleventh that does not check them."""
    value = point["identifier"]
    if not is_nmi(value=value):
        yield Breach("identifier", f"{value} is not a valid supply point identifier.")


@_BOOK.rule(
    "invalid_delivery_point_identifier",
    on="Address",
    source="served (EDF): Address.delivery_point_identifier, whose words are of Australia too",
    needs="delivery_point_identifier",
)
def _delivery_point(address: Found, _: Context) -> Iterator[Breach]:
    """delivery_point_identifier: has more in it than capital letters and numbers."""
    if not is_delivery_point(value=address["delivery_point_identifier"] or ""):
        yield Breach("delivery_point_identifier", "Capital letters and numbers alone.")


FORM_OF_CDNS: Final = Form(
    name="essential_supply_points_cdns",
    resource="supply-points",
    kind="Payload",
    shapes=shapes_of(_FIELDS, book=_BOOK, is_null_absent=True),
    book=_BOOK,
    fields_source="guides Essential: the examples of a payload",
    processing_error=missing_substation,
)
FORM_OF_ACCOUNTS: Final = replace(FORM_OF_CDNS, name="essential_supply_points_accounts")
"""The same: see above."""
