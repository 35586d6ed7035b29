"""What the people of an account are refused for: their names, addresses, consents and needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from kraken_import.simulator.rules.declared import Breach, Context, Found
from kraken_import.simulator.rules.edf.book import BOOK, add_order, add_past, add_unique, repeated
from kraken_import.simulator.rules.telephones import add_telephones
from kraken_import.simulator.rules.values import objects

_TEST: Final = re.compile(r"(?i)^(test@|xxx@)|(@test\.com|@test\.co\.uk|\.xxx|\.xx)$")
_CONTACTS: Final = ("email", "mobile", "landline", "alternative_phone_numbers", "contact_emails")
_USERS: Final = ("EnergyCustomer", "BusinessUser")


def _test_address(field: str, *on: str) -> None:
    def check(person: Found, _: Context) -> Iterator[Breach]:
        value = person.get(field)
        if value and _TEST.search(value):
            yield Breach(field, f"{value} is not a permitted email address")

    says = f"{field}: begins with test@ or xxx@, or ends in @test.com, @test.co.uk, .xxx or .xx."
    for kind in on:
        BOOK.add("possible_test_email_address", on=kind, at=field, says=says, check=check)


def _is_the_occupier(person: Found) -> bool:
    names = (person.get("given_name") or "", person.get("family_name") or "")
    return " ".join(" ".join(names).split()).casefold() == "the occupier"


@BOOK.rule("customer_may_not_be_named_the_occupier", on=_USERS)
def _occupier(person: Found, _: Context) -> Iterator[Breach]:
    """The name is The Occupier."""
    if _is_the_occupier(person):
        yield Breach("family_name", "Say unknown_occupier on the account instead.")


@BOOK.rule(
    "contact_details_for_occupier",
    on=_USERS,
    amid="email mobile landline alternative_phone_numbers contact_emails",
)
def _occupier_contacts(person: Found, _: Context) -> Iterator[Breach]:
    """The name is The Occupier, and there is a way to reach it."""
    if _is_the_occupier(person) and any(person.get(name) for name in _CONTACTS):
        yield Breach("", "The Occupier cannot be reached.")


@BOOK.rule("customer_details_and_user_details_both_provided", on=_USERS, amid="user_details")
def _details(person: Found, _: Context) -> Iterator[Breach]:
    """details and user_details are both given."""
    if person.get("details") and person.get("user_details"):
        yield Breach("details", "Give one of details and user_details.")


_test_address("email", *_USERS)
_test_address("complainant_email", "Complaint")
for _kind in (*_USERS, "PropertyAdministrator"):
    add_telephones("mobile", "landline", on=_kind, book=BOOK)
add_telephones("phone_number", on="CustomerAlternativeNumber", book=BOOK)
add_past("signed_at", "CustomerConsent", "AccountConsent", code="date_in_future")
add_order("effective_from", "effective_to", "PropertyAdministrator")


@BOOK.rule("fields_are_mutually_exclusive", on="EnergyCustomer", needs="consents")
def _preferences(person: Found, _: Context) -> Iterator[Breach]:
    """customer_preferences and consents are both given."""
    if person.get("customer_preferences") and person.get("consents"):
        yield Breach("customer_preferences", "Give one of the two.")


@BOOK.rule("psr_industry_code_not_provided", on="EnergyPSR")
def _industry_code(record: Found, _: Context) -> Iterator[Breach]:
    """Neither elec_industry_code nor gas_industry_code is given."""
    if not record.get("elec_industry_code") and not record.get("gas_industry_code"):
        yield Breach("", "An industry code is needed.")


@BOOK.rule(
    "repeated_values_for_unique_customer_detail_namespace",
    on="EnergyAccount",
    at="customers",
    amid="details user_details",
)
def _external_users(account: Found, _: Context) -> Iterator[Breach]:
    """Two customers have the same external_user_id."""
    if repeated(
        str(_external_user(person))
        for _, person in objects(account.get("customers"))
        if _external_user(person)
    ):
        yield Breach("customers", "Two customers have one external_user_id.")


def _external_user(person: Found) -> Any:
    details = person.get("details")
    listed = {each["namespace"]: each["value"] for _, each in objects(person.get("user_details"))}
    return ((details if isinstance(details, dict) else None) or listed).get("external_user_id")


@BOOK.rule("official_complaint_field_missing", on="Complaint")
def _official(complaint: Found, _: Context) -> Iterator[Breach]:
    """Some of official_entity, official_reference_number and official_status are given, but not all."""
    for name in (names := ("official_entity", "official_reference_number", "official_status")):
        if any(complaint.get(each) for each in names) and not complaint.get(name):
            yield Breach(name, "An official complaint needs this.")


@BOOK.rule("chsr_letter_not_sent", on="Complaint")
def _letters(complaint: Found, _: Context) -> Iterator[Breach]:
    """The letter of eight weeks has been sent, and the one of the CHSR has not."""
    if complaint["has_eight_week_letter_been_sent"] and not complaint["has_chsr_letter_been_sent"]:
        yield Breach("has_chsr_letter_been_sent", "It comes before the other.")


add_unique(
    "details", "key", on="Business", code="children_with_duplicate_values", says="A key is there twice."
)
