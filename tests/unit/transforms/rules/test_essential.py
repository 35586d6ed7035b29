"""What is found in an Australian supply point: one error that the guides state, and warnings."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.samples import TODAY, as_frames, expected_payload, identifier_of, sample_rows
from tests.unit.transforms.rules.changes import Change, put
from transforms.build import BuildResult, BuildSettings, build
from transforms.dialect import Dialect
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

ACCOUNTS, CDNS = (get_dialect(name=f"essential_supply_points_{name}") for name in ("accounts", "cdns"))
CUSTOMER, CONTACT = "accounts.0.customers.0", "accounts.0.outage_contact"
POST, STREET = f"{CUSTOMER}.postal_address", f"{CONTACT}.postal_address.structured_street_address"


def found(*changes: Change, dialect: str = "accounts") -> set[tuple[str, str, str]]:
    """Severity, code and place of what the guide's payload gives beyond itself once it is changed."""
    chosen = ACCOUNTS if dialect == "accounts" else CDNS
    rules = chosen.rules(Circumstances(today=TODAY, region="AU"))
    plain, changed = (copy.deepcopy(expected_payload(dialect=chosen)) for _ in range(2))
    for change in changes:
        change(changed)
    said = run_rules(rules=rules, batch=Batch([plain, changed]))
    before, after = ({(one.severity, one.code, one.path) for one in said.get(index, ())} for index in (0, 1))
    return after - before


@pytest.mark.parametrize("dialect", ["accounts", "cdns"])
@pytest.mark.parametrize("identifier", ["123456789", "40012485301", "4001248SO0", "400124853", "nmi"])
def test_the_guides_state_that_an_identifier_must_be_valid(dialect: str, identifier: str) -> None:
    assert found(put("supply_point.identifier", identifier), dialect=dialect) == {
        ("error", "invalid_supply_point_identifier", "supply_point.identifier")
    }


@pytest.mark.parametrize("dialect", [ACCOUNTS, CDNS], ids=lambda each: each.name)
def test_nothing_else_is_an_error(dialect: Dialect) -> None:
    rules = dialect.rules(Circumstances(today=TODAY, region="AU"))
    assert {(rule.code, str(rule.source)) for rule in rules if rule.severity == "error"} == {
        (
            "invalid_supply_point_identifier",
            "guide: Validate supply point, 400 (is not a valid supply point identifier)",
        )
    }


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (put(f"{CUSTOMER}.mobile", "0412 call Bob"), "invalid_phone_number", f"{CUSTOMER}.mobile"),
        (put(f"{CUSTOMER}.landline", "+33612345678"), "unusual_phone_number", f"{CUSTOMER}.landline"),
        (put(f"{CONTACT}.phone_2.number", "12"), "invalid_phone_number", f"{CONTACT}.phone_2.number"),
        (put(f"{CUSTOMER}.email", "nobody"), "invalid", f"{CUSTOMER}.email"),
        (put(f"{POST}.postal_code", "240"), "invalid_postcode", f"{POST}.postal_code"),
        (put(f"{POST}.postal_code", "3000"), "state_does_not_fit_postcode", f"{POST}.postal_code"),
        (
            put(f"{POST}.delivery_point_identifier", "DP 12"),
            "invalid_delivery_point_identifier",
            f"{POST}.delivery_point_identifier",
        ),
        (put(f"{STREET}.street_name", None), "street_name_required", f"{STREET}.street_name"),
        (put("accounts.0.account_type", "VACANT"), "unlisted_value", "accounts.0.account_type"),
        (put(f"{CUSTOMER}.account_roles.0", "PAYER"), "unlisted_value", f"{CUSTOMER}.account_roles.0"),
        (put(f"{CONTACT}.name_type", "LGL"), "unlisted_value", f"{CONTACT}.name_type"),
        (
            put(f"{CONTACT}.phone_1.service_type", "FIXED_VOICE"),
            "unlisted_value",
            f"{CONTACT}.phone_1.service_type",
        ),
        (put("supply_point.supply_type", "GAS"), "unlisted_value", "supply_point.supply_type"),
    ],
)
def test_what_is_inferred_warns(change: Change, code: str, place: str) -> None:
    assert found(change) == {("warning", code, place)}


@pytest.mark.parametrize(
    "changes",
    [
        (put("accounts", []),),
        (put("supply_point.critical_load", None),),
        (put(f"{STREET}.flat_or_unit_type", None),),
        (put("accounts.0.account_type", "BUSINESS_THIRD_PARTY_BILLED"),),
        (put(f"{CONTACT}.phone_1", None), put(f"{CONTACT}.postal_address", None)),
        (put(f"{CUSTOMER}.given_name", "🌏"), put(f"{CUSTOMER}.family_name", "كوهين")),
        (put(f"{CUSTOMER}.mobile", None), put(POST, None)),
    ],
)
def test_what_the_guides_do_not_forbid_passes(changes: tuple[Change, ...]) -> None:
    assert found(*changes) == set()


@pytest.mark.parametrize(
    ("country", "state", "postcode"),
    [
        ("NZ", None, "1010"),
        ("GB", None, "SW1A 1AA"),
        ("US", "WA", "98101"),
        ("CA", "ON", "M5H 1A1"),
        # A four-digit postcode and the letters of an Australian state, of another country.
        ("NO", "NT", "3070"),
        ("IE", None, None),
    ],
)
def test_post_goes_to_any_country(country: str, state: str | None, postcode: str | None) -> None:
    assert (
        found(
            put(f"{POST}.country", country),
            put(f"{POST}.administrative_area", state),
            put(f"{POST}.postal_code", postcode),
        )
        == set()
    )


@pytest.mark.parametrize(
    ("number", "prefix", "country", "expected"),
    [
        ("09 309 1234", "+64", "AU", None),
        ("09 309 1234", "0064", "AU", None),
        ("9 309 1234", "64", "AU", None),
        ("09 309 1234", "", "NZ", None),
        ("+6493091234", "", "NZ", None),
        ("0400123123", "+61", "NZ", None),
        ("0400123123", "", "NZ", None),
        ("0400123123", None, None, None),
        # A prefix that no country has says nothing.
        ("0400123123", "+999", "AU", None),
        ("0400123123", "+", "AU", None),
        ("0400123123", "+800", "AU", None),
        ("09 309 1234", "", "AU", "invalid_phone_number"),
        ("+6493091234", "", "AU", "unusual_phone_number"),
        ("call Bob", "+64", "NZ", "invalid_phone_number"),
    ],
)
@pytest.mark.parametrize("dialect", ["accounts", "cdns"])
def test_a_number_is_read_with_its_prefix_or_in_the_country_of_the_address(
    dialect: str, number: str, prefix: str | None, country: str | None, expected: str | None
) -> None:
    contact, phone = (CONTACT, "phone_1") if dialect == "accounts" else ("cdns.0.outage_contact", "phones.0")
    assert found(
        put(f"{contact}.{phone}.number", number),
        put(f"{contact}.{phone}.prefix", prefix),
        put(f"{contact}.postal_address", {"country": country} if country else None),
        dialect=dialect,
    ) == ({("warning", expected, f"{contact}.{phone}.number")} if expected else set())


def built(dialect: Dialect, frame: str, **values: Any) -> BuildResult:
    """What becomes of the guide's rows once these values stand in the first row of a frame."""
    rows = sample_rows(dialect=dialect)
    rows[frame][0] |= values
    return build(
        dialect=dialect,
        frames=as_frames(dialect=dialect, rows=rows),
        identifiers=[identifier_of(dialect=dialect)],
        settings=BuildSettings(import_supplier="TEST_SUPPLIER", today=TODAY),
    )


def test_a_third_telephone_is_left_out_with_a_warning() -> None:
    result = built(ACCOUNTS, "accounts", phone_3="0400999999")
    (payload,), (told,) = result.payloads, result.warnings
    assert json.loads(payload.body) == expected_payload(dialect=ACCOUNTS)
    assert ("value_not_sent", f"{CONTACT}.phone_3") in {(each.code, each.path) for each in told.findings}


@pytest.mark.parametrize("dialect", [ACCOUNTS, CDNS], ids=lambda each: each.name)
def test_a_vacant_point_is_sent_with_an_empty_list(dialect: Dialect) -> None:
    rows = sample_rows(dialect=dialect)
    nothing = {name: listed if name == "supply_points" else [] for name, listed in rows.items()}
    result = build(
        dialect=dialect,
        frames=as_frames(dialect=dialect, rows=nothing),
        identifiers=[identifier_of(dialect=dialect)],
        settings=BuildSettings(import_supplier="TEST_SUPPLIER", today=TODAY),
    )
    (payload,) = result.payloads
    name = dialect.frames[1].target
    assert json.loads(payload.body) == expected_payload(dialect=dialect) | {name: []}


@pytest.mark.parametrize("dialect", [ACCOUNTS, CDNS], ids=lambda each: each.name)
def test_a_critical_load_of_which_nothing_is_known_is_left_out(dialect: Dialect) -> None:
    for blank in ("", " ", None):
        (payload,) = built(dialect, "supply_points", critical_load=blank).payloads
        assert "critical_load" not in json.loads(payload.body)["supply_point"]


@pytest.mark.parametrize(
    ("dialect", "frame", "column", "code", "setting"),
    [
        (ACCOUNTS, "accounts", "name_type", "L", "name_types"),
        (ACCOUNTS, "accounts", "phone_1_service_type", "FV", "service_types"),
        (ACCOUNTS, "customers", "account_roles", "PAY", "account_roles"),
        (CDNS, "notifications", "movement_type", "REC", "movement_types"),
        (CDNS, "notification_phones", "service_type", "FV", "service_types"),
    ],
)
def test_a_code_for_which_the_guides_show_no_word_is_named_with_the_setting_that_lacks_it(
    dialect: Dialect, frame: str, column: str, code: str, setting: str
) -> None:
    (rejection,) = built(dialect, frame, **{column: code}).rejections
    (finding,) = rejection.findings
    assert finding.code == "unknown_code"
    assert finding.detail == (
        f"Column {column} holds the unknown code {code!r}: name Kraken's word for it in codes/ or the "
        f"Connection's Configured values, setting {setting}."
    )
