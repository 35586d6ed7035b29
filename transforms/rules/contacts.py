"""Telephone numbers and email addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneMetadata, PhoneNumberType

from transforms.rules.engine import Rule, UniqueRule, ValueRule

_REFUSED: Final = re.compile(r"(?i)(test@|xxx@).*|.*(@test\.com|@test\.co\.uk|\.xxx|\.xx)")
_PLAIN_EMAIL: Final = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:com|net|org|co\.uk|com\.au|pt|eu)",
    re.ASCII | re.IGNORECASE,
)
_WRONGLY_DECODED: Final = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac|\ufffd")
_BETWEEN_DIGITS: Final = r"\s().\-/\u2010-\u2015"
"""What people write between the digits: blanks of any width, and dashes of any length."""
_PHONE: Final = re.compile(rf"\+?[0-9{_BETWEEN_DIGITS}]+")
_NO_DIGITS: Final = re.compile(f"[{_BETWEEN_DIGITS}]")
_EXTENSION: Final = re.compile(r"[\s,;]*(?:ext(?:ension|n)?\.?|x|#|[,;])\s*[0-9]{1,7}\Z", re.IGNORECASE)
_DIALLED: Final = re.compile(r"\+?\d{5,15}", re.ASCII)
_USUAL_TYPES: Final = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
)

_Phone: TypeAlias = Literal["usual", "unusual", "invalid"]


def phone_rules(*paths: str, region: str) -> tuple[Rule, ...]:
    """Both rules about telephone numbers for each path. Returns them path by path."""
    return tuple(
        rule
        for path in paths
        for rule in (existing_phone(path, region=region), usual_phone(path, region=region))
    )


def existing_phone(path: str, *, region: str) -> Rule:
    """A number that exists. `region` is the two-letter country code of numbers without a prefix."""
    return ValueRule(
        code="invalid_phone_number",
        path=path,
        explanation="A telephone number must exist in the numbering plan of its country.",
        holds=lambda value: _phone(value, region) != "invalid",
    )


def usual_phone(path: str, *, region: str) -> Rule:
    """A warning about numbers of another country or with an extension, and about those of no person."""
    return ValueRule(
        code="unusual_phone_number",
        path=path,
        explanation="A telephone number is of another country, has an extension, or is of a service.",
        severity="warning",
        holds=lambda value: _phone(value, region) != "unusual",
    )


def dialled_phone(path: str) -> Rule:
    """A number that can be dialled: five to fifteen digits, as people write them, and perhaps an extension.

    For sources that refuse what is not a telephone number, and name no numbering plan.
    """
    return ValueRule(
        code="invalid_phone_number",
        path=path,
        explanation="A telephone number has five to fifteen digits, and no letters.",
        holds=_can_be_dialled,
    )


def expected_phone(path: str, *, region: str) -> Rule:
    """A number that can be dialled, of the country and at which a person answers."""
    return ValueRule(
        code="unusual_phone_number",
        path=path,
        explanation="A telephone number is in no numbering plan, of another country, or of a service such as "
        "voicemail.",
        severity="warning",
        holds=lambda value: _phone(value, region) == "usual" or not _can_be_dialled(value),
    )


def phone_kind(value: str, *, regions: Iterable[str]) -> _Phone:
    """Return a number's kind in that of these countries in which it makes most sense."""
    best: _Phone = "invalid"
    for region in regions:
        kind = _phone(value, region)
        if kind == "usual":
            return kind
        if kind == "unusual":
            best = kind
    return best


def email_rules(*paths: str) -> tuple[Rule, ...]:
    """Both rules about email addresses for each path. Returns them path by path."""
    return tuple(rule for path in paths for rule in (email_form(path), no_test_email(path)))


def email_form(path: str) -> Rule:
    """The syntax of an email address."""
    return ValueRule(
        code="invalid",
        path=path,
        explanation="An email address must be written as one.",
        holds=_is_email,
    )


def no_test_email(path: str) -> Rule:
    """The patterns by which Kraken tells addresses of tests."""
    return ValueRule(
        code="possible_test_email_address",
        path=path,
        explanation="Kraken refuses addresses that look like tests: test@…, …@test.com, ….xxx.",
        holds=lambda value: _REFUSED.fullmatch(value) is None,
    )


def no_black_hole(path: str) -> Rule:
    """No address into which Kraken writes what is not to arrive."""
    return ValueRule(
        code="billing_email_not_valid",
        path=path,
        explanation="Kraken refuses addresses with blackhole+ in them.",
        holds=lambda value: "blackhole+" not in value.casefold(),
    )


def readable(*paths: str) -> tuple[Rule, ...]:
    """Text that went through the wrong encoding: it would be printed on letters as it is."""
    return tuple(
        ValueRule(
            code="suspicious_encoding",
            path=path,
            explanation="The text looks as if its letters had been read in the wrong encoding.",
            severity="warning",
            holds=lambda value: _WRONGLY_DECODED.search(value) is None,
        )
        for path in paths
    )


def unique_email(path: str) -> Rule:
    """Two customers with one address share a login afterwards."""
    return UniqueRule(
        code="duplicate_email",
        path=path,
        explanation="Another customer of the wave has the same email address, and will share its login.",
        severity="warning",
    )


def _is_email(value: Any) -> bool:
    # The library takes 30 microseconds; nearly all addresses are plain. A test holds the two together.
    if len(value) <= 64 and _PLAIN_EMAIL.fullmatch(value):
        return True
    # A domain that no mail reaches from outside, as of a firm's own network, is written like any other, and
    # the library refuses it for its last name alone.
    ends = ("", ".com") if value.rpartition(".")[2].isalpha() and "." in value.rpartition("@")[2] else ("",)
    return any(_is_written_as_email(f"{value}{end}") for end in ends)


def _is_written_as_email(value: str) -> bool:
    try:
        validate_email(value, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=True)
    except EmailNotValidError:
        return False
    return True


def _can_be_dialled(value: str) -> bool:
    return _DIALLED.fullmatch(_NO_DIGITS.sub("", _EXTENSION.sub("", value))) is not None


def _phone(value: str, region: str) -> _Phone:
    if not _PHONE.fullmatch(value):
        extension = _EXTENSION.search(value)
        if extension is None or not extension.start():
            return "invalid"
        return "unusual" if _phone(value[: extension.start()], region) != "invalid" else "invalid"
    prefix, usual = _plain_numbers(region)
    if usual.fullmatch(value, len(prefix) if value.startswith(prefix) else 0):
        return "usual"
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return "invalid"
    if not phonenumbers.is_valid_number(number):
        return "invalid"
    is_usual = (
        phonenumbers.region_code_for_number(number) == region
        and phonenumbers.number_type(number) in _USUAL_TYPES
    )
    return "usual" if is_usual else "unusual"


@cache
def _plain_numbers(region: str) -> tuple[str, re.Pattern[str]]:
    """The prefix 0 where numbers begin with it, and the pattern of people's numbers, from the library's data.

    Only a shortcut past the library, which is far slower; a test compares the two.
    """
    known = PhoneMetadata.metadata_for_region(region)
    if known is None:
        return "", re.compile(r"(?!)")
    patterns = "|".join(
        kind.national_number_pattern
        for kind in (known.mobile, known.fixed_line)
        if kind is not None and kind.national_number_pattern
    )
    return "0" if known.national_prefix == "0" else "", re.compile(f"(?:{patterns})", re.ASCII)
