"""Names Kraken's refusals by the codes that our own rules use, so that both count together.

Some Krakens answer in sentences without a code, under the path of the field. Each dialect has a table of its
own beside it, `Dialect.answers`; the sentences below are those that every Kraken has in common. A code that
Kraken gives itself stands. What no table knows stays `invalid`, and the report of the wave counts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from transforms.findings import Finding

INVALID: Final = "invalid"
"""Code of a refusal without its own code."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a Kraken says, and the code that it stands for.

    `sentences` are regular expressions for the end of what it says, without the full stop, whatever comes
    before; the first that fits counts. `paths` are generic paths of fields that can be refused for one reason
    alone, once no sentence fits.
    """

    sentences: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """The sentences, ready to be compared."""
        return tuple(
            (re.compile(rf"\b(?:{end})\.?\s*\Z", re.IGNORECASE), code) for end, code in self.sentences.items()
        )

    def code_of_sentence(self, *, detail: str) -> str | None:
        """Return the code of a detail; None where no sentence fits."""
        return next((code for pattern, code in self.patterns if pattern.search(detail)), None)


_SHARED: Final = Answers(
    sentences={
        # Shown by the guides of several dialects.
        "is not a valid phone number": "invalid_phone_number",
        "is not a valid supply point identifier": "invalid_supply_point_identifier",
        # The sentences of Django REST framework, with its codes where it has them.
        "This field is required": "required",
        "This field may not be null": "null",
        "This field may not be blank": "blank",
        "This (list|dictionary|selection) may not be empty": "empty",
        "is not a valid choice": "invalid_choice",
        "no more than [0-9]+ (characters|elements)": "max_length",
        "at least [0-9]+ (characters|elements)": "min_length",
        "less than or equal to [-0-9.]+": "max_value",
        "greater than or equal to [-0-9.]+": "min_value",
        "no more than [0-9]+ digits in total": "max_digits",
        "no more than [0-9]+ decimal places": "max_decimal_places",
        "no more than [0-9]+ digits before the decimal point": "max_whole_digits",
        "(String|Integer) value too large": "max_string_length",
        "Expected a list of items( but got type .*)?": "not_a_list",
        "(object|Object with [^ ]+) does not exist": "does_not_exist",
        "This field must be unique": "unique",
        # It calls all of these `invalid`: as our own build does, or our rules.
        "(Date|Datetime) has wrong format.*": "invalid_date",
        "Expected a (date|datetime) but got a (date|datetime)": "invalid_date",
        "(A valid (number|integer) is required|Must be a valid boolean|Not a valid (string|boolean))": (
            "invalid_value"
        ),
        "Expected a dictionary.*": "invalid_value",
        "Enter a valid email address": INVALID,
    }
)


def named(*, findings: Iterable[Finding], answers: Answers) -> tuple[Finding, ...]:
    """The findings of Kraken's, with our code where Kraken gave none; `is_named` says where there is none."""
    return tuple(
        _named(finding=finding, answers=answers) if is_unnamed(finding=finding) else finding
        for finding in findings
    )


def is_unnamed(*, finding: Finding) -> bool:
    """Return whether a finding is Kraken's, and came without its own code."""
    return finding.origin == "kraken" and finding.code == INVALID


def shared_code(*, detail: str) -> str | None:
    """Return the code of a sentence that every Kraken may say; None for other sentences."""
    return _SHARED.code_of_sentence(detail=detail)


def _named(*, finding: Finding, answers: Answers) -> Finding:
    code = (
        answers.code_of_sentence(detail=finding.detail)
        or shared_code(detail=finding.detail)
        or answers.paths.get(finding.generic_path)
    )
    return replace(finding, code=code or INVALID, is_named=code is not None)
