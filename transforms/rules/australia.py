"""What the revisions of Australian supply points share."""

from __future__ import annotations

from transforms.rules import addresses, contacts, identifiers
from transforms.rules.engine import Rule


def point_rules() -> tuple[Rule, ...]:
    """The supply point itself."""
    return (identifiers.valid_identifier("supply_point.identifier", is_valid=identifiers.is_nmi, name="NMI"),)


def contact_rules(path: str) -> tuple[Rule, ...]:
    """An outage contact, but for its telephones."""
    return (*contacts.email_rules(f"{path}.email_address"), *address_rules(f"{path}.postal_address"))


def address_rules(path: str) -> tuple[Rule, ...]:
    """A postal address."""
    return (
        addresses.postcode(f"{path}.postal_code", country="AU"),
        addresses.state_fits_postcode(path, country="AU"),
        *addresses.street_rules(f"{path}.structured_street_address"),
    )
