"""The accounts of a Portuguese import supplier. The guide shows an example and states one rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Context, Found, Rulebook
from kraken_import.simulator.rules.forms import Form, obsolete_tariff, shapes_of
from kraken_import.simulator.rules.telephones import add_telephones
from kraken_import.simulator.rules.values import is_cpe

_GUIDE: Final = "guide Plenitude, validate: the example of a 400"

_FIELDS: Final = """
Account
  text : import_supplier! external_account_number! account_type operations_team_name
  *Customer : customers
  *SupplyAddress : supply_addresses
Customer
  *UserDetail : user_details
  text : given_name family_name email mobile landline
UserDetail
  text : namespace
  any : value
SupplyAddress
  *SupplyPoint : supply_points
  day : customer_at_supply_address_from_date
  =Address : supply_address
Address
  text : locality postal_code country
  =Street : structured_street_address
Street
  text : street_type street_name street_number floor door direction
SupplyPoint
  text : identifier supply_type
  *Agreement : agreements
Agreement
  text : tariff_code
  day : effective_from effective_to
"""

_BOOK: Final = Rulebook(source="guide Plenitude:")
add_telephones("mobile", "landline", on="Customer", book=_BOOK, source=_GUIDE)


@_BOOK.rule(
    "invalid_supply_point_identifier",
    on="SupplyPoint",
    source="served (EDF): identifier, whose rule is that of the territory; Portugal's codes check themselves",
)
def _identifier(point: Found, _: Context) -> Iterator[Breach]:
    """identifier: no CPE or CUI, or one whose letters do not check its digits."""
    value = point.get("identifier")
    if value is not None and not is_cpe(value=value):
        yield Breach("identifier", f"{value} is not a valid supply point identifier.")


FORM: Final = Form(
    name="plenitude_accounts",
    resource="accounts",
    kind="Account",
    shapes=shapes_of(_FIELDS, book=_BOOK, is_null_absent=True),
    book=_BOOK,
    fields_source="guide Plenitude: the example of a payload",
    processing_error=obsolete_tariff(points="supply_points"),
)
