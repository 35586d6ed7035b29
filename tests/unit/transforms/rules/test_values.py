"""Rules about single values, as tables; and the short cuts, held to the libraries that they cut short."""

from __future__ import annotations

from datetime import date

import mpan
import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from transforms.rules import addresses, contacts, dates, identifiers
from transforms.rules.engine import Batch, Rule, run_rules

TODAY = date(2026, 11, 21)


def codes(rules: tuple[Rule, ...] | Rule, value: object) -> set[str]:
    """What rules at path "value" say of a value."""
    every = rules if isinstance(rules, tuple) else (rules,)
    found = run_rules(rules=every, batch=Batch([{"value": value}]))
    return {finding.code for findings in found.values() for finding in findings}


INVALID, UNUSUAL = {"invalid_phone_number"}, {"unusual_phone_number"}


@pytest.mark.parametrize(
    ("region", "number", "expected"),
    [
        ("GB", "07123456789", set()),
        ("GB", "+447123456789", set()),
        ("GB", "020 7234 3456", set()),
        ("GB", "02072343456", set()),
        ("GB", "020 ring after six", INVALID),
        ("GB", "07712354321x5", UNUSUAL),
        ("GB", "020 7234 3456 ext. 12", UNUSUAL),
        ("GB", "020 7234 3456, extension 7", UNUSUAL),
        ("GB", "020\u00a07234\u00a03456", set()),
        ("GB", "020\u20117234\u20133456", set()),
        ("GB", "020 7234 3456, 12", UNUSUAL),
        ("GB", "020 7234 3456 #12", UNUSUAL),
        ("GB", "x5", INVALID),
        ("GB", "0712345678 x5", INVALID),
        ("GB", "0712345678", INVALID),
        ("GB", "٠٧١٢٣٤٥٦٧٨٩", INVALID),
        ("GB", "+", INVALID),
        ("GB", "+33612345678", UNUSUAL),
        ("GB", "09098790001", UNUSUAL),
        ("US", "+15066585252", UNUSUAL),
        ("US", "6172530000", set()),
        ("PT", "600000000", UNUSUAL),
        ("PT", "912345678", set()),
        ("AU", "0488008221", set()),
        ("AU", "+61280082213", set()),
        ("AU", "0412 call Bob", INVALID),
        ("ZZ", "07123456789", INVALID),
    ],
)
def test_phones(region: str, number: str, expected: set[str]) -> None:
    assert codes(contacts.phone_rules("value", region=region), number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("600000000", set()),
        ("+15066585252", set()),
        ("(617) 555-0123", set()),
        ("617.555.0123 ext. 42", set()),
        ("617-555-0123x42", set()),
        ("617-555-0123 #42", set()),
        ("617-555-0123 extn 42", set()),
        ("617\u00a0555\u20110123", set()),
        ("617\u2013555\u20130123;42", set()),
        ("", set()),
        ("12345", set()),
        ("+" + "1" * 15, set()),
        ("abcde", INVALID),
        ("91 depois das seis", INVALID),
        ("1234", INVALID),
        ("+" + "1" * 16, INVALID),
        ("++15066585252", INVALID),
        ("1506658+5252", INVALID),
        ("٠٧١٢٣٤٥٦٧٨٩", INVALID),
        ("ext. 123456", INVALID),
        (" ", INVALID),
    ],
)
def test_a_number_can_be_dialled_or_is_none(number: str, expected: set[str]) -> None:
    assert codes(contacts.dialled_phone("value"), number) == expected


@pytest.mark.parametrize(
    ("region", "number", "expected"),
    [
        ("PT", "912345678", set()),
        ("PT", "600000000", UNUSUAL),
        ("PT", "12345", UNUSUAL),
        ("US", "617 555", UNUSUAL),
        ("US", "(617) 253-0000", set()),
        # The rule about what can be dialled tells these.
        ("PT", "abcde", set()),
        ("PT", "1234", set()),
    ],
)
def test_a_number_that_can_be_dialled_is_expected_to_be_a_persons(
    region: str, number: str, expected: set[str]
) -> None:
    assert codes(contacts.expected_phone("value", region=region), number) == expected


@given(
    region=st.sampled_from(["GB", "US", "PT", "AU"]),
    number=st.from_regex(r"(0|00|\+44|\+1|\+351|\+61|1)?[0-9]{5,11}", fullmatch=True),
)
def test_the_short_cut_for_phones_says_what_the_library_says(region: str, number: str) -> None:
    try:
        parsed = phonenumbers.parse(number, region)
        is_valid = phonenumbers.is_valid_number(parsed)
        is_here = is_valid and phonenumbers.region_code_for_number(parsed) == region
    except phonenumbers.NumberParseException:
        is_valid = is_here = False
    found = codes(contacts.phone_rules("value", region=region), number)
    assert (INVALID & found == set()) == is_valid
    if not found:
        assert is_here


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bob@jablonski.com", set()),
        ("first.last+tag@mail.example.org", set()),
        ("josé@exämple.com", set()),
        ("no at sign", {"invalid"}),
        ("two..dots@example.com", {"invalid"}),
        ("a@b", {"invalid"}),
        ("bob@firm.local", set()),
        ('"bob jablonski"@example.com', set()),
        ("bob@[192.0.2.1]", set()),
        ("two..dots@firm.local", {"invalid"}),
        ("bob@-firm.local", {"invalid"}),
        ("bob@firm.local.", {"invalid"}),
        ("bob@localhost", {"invalid"}),
        ("bob@1.2.3.4", {"invalid"}),
        ("test@mail.example.com", {"possible_test_email_address"}),
        ("XXX@mail.example.com", {"possible_test_email_address"}),
        ("bob@test.com", {"possible_test_email_address"}),
        ("bob@test.co.uk", {"possible_test_email_address"}),
        ("bob@other.xx", {"possible_test_email_address"}),
        ("bob@contest.com", set()),
    ],
)
def test_emails(address: str, expected: set[str]) -> None:
    assert codes(contacts.email_rules("value"), address) == expected


@given(st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9.-]{1,12}\.(com|co\.uk|net|pt)", fullmatch=True))
def test_the_short_cut_for_emails_says_what_the_library_says(address: str) -> None:
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        is_valid = False
    else:
        is_valid = True
    assert ("invalid" not in codes(contacts.email_rules("value"), address)) == is_valid


@pytest.mark.parametrize("text", ["MÃ¼ller", "Itâ€™s", "JosÃ©", "\ufffd"])
def test_text_read_in_the_wrong_encoding_is_suspicious(text: str) -> None:
    assert codes(contacts.readable("value"), text) == {"suspicious_encoding"}


@pytest.mark.parametrize("text", ["Müller", "It's", "JOSÉ", "São João", "ÃO", "Â"])
def test_accents_are_not_suspicious(text: str) -> None:
    assert codes(contacts.readable("value"), text) == set()


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (identifiers.is_mpan, "1200060176720", "1200060176721"),
        (identifiers.is_mpan, "1200060176720", "120006017672"),
        (identifiers.is_mprn, "9353824109", "9353824108"),
        (identifiers.is_mprn, "9353824109", "93"),
        (identifiers.is_nmi, "4001248530", "400124853O"),
        (identifiers.is_nmi, "40012485300", "40012485301"),
        (identifiers.is_cpe, "PT0000000000000001TR", "PT0000000000000002TR"),
        (identifiers.is_cpe, "PT0000000000000001TR", "ES0000000000000001TR"),
        (identifiers.is_nif, "234254718", "234254719"),
        (identifiers.is_nif, "234254718", "PT234254718"),
    ],
)
def test_identifiers(check: object, good: str, bad: str) -> None:
    assert callable(check)
    assert check(good)
    assert not check(bad)


@given(st.integers(10, 38), st.text("0123456789", min_size=11, max_size=11))
def test_an_mpan_of_a_known_distributor_is_right_where_a_library_says_so(distributor: int, rest: str) -> None:
    value = f"{distributor}{rest}"

    assert identifiers.is_mpan(value) == mpan.is_valid(value)


def test_an_mpan_of_a_distributor_that_was_licensed_lately_is_right_by_its_check_digit() -> None:
    assert identifiers.is_mpan("3900060176728")
    assert not mpan.is_valid("3900060176728")


@given(st.text(max_size=30))
def test_no_text_makes_an_identifier_check_crash(text: str) -> None:
    for check in (
        identifiers.is_mpan,
        identifiers.is_mprn,
        identifiers.is_nmi,
        identifiers.is_cpe,
        identifiers.is_nif,
    ):
        assert check(text) in (True, False)


@pytest.mark.parametrize(
    ("country", "good", "bad"),
    [
        ("GB", "W1F 9DE", "W1F 9D"),
        ("GB", "sw1a1aa", "12345"),
        ("GB", "BFPO 58", "BFPO"),
        ("US", "02151", "2151"),
        ("US", "02151-1234", "02151-12"),
        ("PT", "1000-001", "1000001"),
        ("AU", "2400", "24000"),
    ],
)
def test_postcodes(country: str, good: str, bad: str) -> None:
    rule = addresses.postcode("value", country=country)
    assert codes(rule, good) == set()
    assert codes(rule, bad) == {"invalid_postcode"}


@pytest.mark.parametrize(
    ("country", "state", "postcode", "fits"),
    [
        ("AU", "NSW", "2400", True),
        ("AU", "NSW", "3070", False),
        ("AU", "", "3070", True),
        ("AU", "NSW", "", True),
        ("AU", "NSW", "none", True),
        ("US", "MA", "02151", True),
        ("US", "NY", "02151-1234", False),
        ("US", "TX", "02151", True),
    ],
)
def test_states_and_postcodes(country: str, state: str, postcode: str, fits: bool) -> None:
    rule = addresses.state_fits_postcode("value", country=country)
    found = codes(rule, {"administrative_area": state, "postal_code": postcode})
    assert found == (set() if fits else {"state_does_not_fit_postcode"})


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (dates.not_in_future("value", today=TODAY), "2026-11-21", "2026-11-22"),
        (dates.not_in_past("value", today=TODAY), "2026-11-21", "2026-11-20"),
        (dates.plausible_birth("value", today=TODAY), "1906-01-01", "1905-12-31"),
        (dates.plausible_birth("value", today=TODAY), "2026-11-21", "2027-01-01"),
    ],
)
def test_dates_and_today(rule: Rule, good: str, bad: str) -> None:
    assert codes(rule, good) == set()
    assert codes(rule, bad) == {rule.code}


def agreements(*periods: tuple[str, str | None]) -> dict[str, object]:
    rows = [{"effective_from": start} | ({"effective_to": end} if end else {}) for start, end in periods]
    return {"start": "2020-01-01", "agreements": rows}


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (agreements(("2020-01-01", "2021-01-01"), ("2021-01-01", None)), set()),
        (agreements(("2021-01-01", None), ("2020-01-01", "2021-01-01")), set()),
        (
            agreements(("2020-01-01", "2021-02-01"), ("2021-01-01", None)),
            {"gaps_or_overlaps_in_agreement_dates"},
        ),
        (
            agreements(("2020-01-01", "2020-12-01"), ("2021-01-01", None)),
            {"gaps_or_overlaps_in_agreement_dates"},
        ),
        (agreements(("2020-01-01", None), ("2021-01-01", None)), {"gaps_or_overlaps_in_agreement_dates"}),
        (agreements(("2018-01-01", "2018-06-01"), ("2020-01-01", None)), set()),
        (agreements(("2021-01-01", "2020-01-01")), {"start_date_later_than_end_date"}),
        (agreements(), set()),
        ({"start": "2020-01-01"}, set()),
    ],
)
def test_agreements(point: dict[str, object], expected: set[str]) -> None:
    assert codes(dates.agreement_rules("value", supply_start="start"), point) == expected


@pytest.mark.parametrize(
    ("first", "then", "is_refused"),
    [
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
        ("2026-01-01T01:00:00+02:00", "2026-01-01T00:00:00Z", False),
        ("2026-01-02", "2026-01-01T00:00:00Z", True),
        ("2026-02-29T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("2026-01-01T25:00:00Z", "2025-01-01T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00", False),
    ],
)
def test_times_are_compared_and_those_that_do_not_exist_stop_no_wave(
    first: str, then: str, is_refused: bool
) -> None:
    rule = dates.times_ordered("", first="first", then="then", code="late")
    found = run_rules(rules=[rule], batch=Batch([{"first": first, "then": then}]))
    assert bool(found) is is_refused
