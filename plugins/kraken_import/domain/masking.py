"""Takes personal values out of what Kraken says, since its answers echo the payload.

Codes, paths and masked details go to logs, events and the error table; the raw answer is kept only where
purging reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from transforms.findings import Finding

MASK: Final = "•••"

WITHHELD: Final = (
    "Kraken's sentence is not kept, since it may repeat values of a payload that is not here any more."
)

_SHORTEST: Final = 2
"""Shorter values (a flag, a digit) tell nothing and would mask every sentence."""

_NEUTRAL: Final = frozenset(
    [
        "true",
        "false",
        "none",
        "null",
        "this",
        "that",
        "the",
        "and",
        "are",
        "has",
        "have",
        "for",
        "not",
        "with",
        "from",
        "must",
        "should",
        "may",
        "cannot",
        "than",
        "field",
        "required",
        "valid",
        "invalid",
        "blank",
        "value",
        "values",
        "number",
        "date",
        "account",
        "customer",
        "address",
        "supply",
        "point",
        "meter",
        "register",
        "reading",
        "ledger",
        "note",
        "tariff",
        "agreement",
        "email",
        "phone",
        "postcode",
    ]
)
"""Words that Kraken's own sentences are made of: a note that contains them must not mask those."""

_BETWEEN_WORDS: Final = re.compile(r"[\s,;/.()'\u2019-]+")
"""What parts the words of a name or an address: Kraken may repeat half of a name with a hyphen."""

_LONGEST_NUMBER: Final = 34
"""Characters of the longest number that is written in groups, an IBAN."""

_BETWEEN_GROUPS: Final = r"[\s./-]?"

_DEEPEST: Final = 50
"""Levels of a document whose shape is shown."""

_SAME_IN_ASCII: Final = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")
"""The letters beyond ASCII that a search that ignores capitals takes for letters of ASCII."""

_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_SEGMENT: Final = re.compile(r"[a-z][a-z0-9_]{0,63}|\d{1,6}")

# Text that looks personal is masked even when the payload does not contain it literally: Kraken reformats.
_PATTERNS: Final = re.compile(
    r"""
    [\w.+-]+@[\w-]+(?:\.[\w-]+)*          # e-mail addresses
    | (?<!\w)\+?\d(?:[\s().-]?\d){4,}     # phone, meter point and account numbers
    | \d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]*)?   # dates
    | "[^"]*" | “[^”]*” | «[^»]*»         # quoted values
    | (?<!\w)'[^']*'(?!\w)
    """,
    re.VERBOSE,
)


def mask_findings(
    findings: Sequence[Finding], payload: bytes | None, *, earlier: Sequence[bytes] = ()
) -> tuple[Finding, ...]:
    """Return the findings with every value of the payload (JSON bytes) masked in their details.

    So are the values of `earlier` payloads, which Kraken may repeat when it speaks of an earlier create.
    Codes, domains, events and path segments that do not look like Kraken's own names are masked as a whole,
    and sentences of our own stay as they are.
    """
    payloads = list(dict.fromkeys([*([] if payload is None else [payload]), *earlier]))
    values = _values_pattern(payloads=payloads, said="\n".join(finding.detail for finding in findings))
    return tuple(
        replace(
            finding,
            code=_mask_name(name=finding.code),
            path=_mask_path(path=finding.path),
            detail=finding.detail if finding.is_ours else _mask_detail(detail=finding.detail, values=values),
            domain=finding.domain and _mask_name(name=finding.domain),
            event=finding.event and _mask_name(name=finding.event),
        )
        for finding in findings
    )


def withhold_sentences(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings without Kraken's own sentences, for those that may repeat what is not known."""
    return tuple(
        replace(finding, detail=WITHHELD) if finding.origin == "kraken" and not finding.is_ours else finding
        for finding in findings
    )


def shape_of(*, document: Any, depth: int = 0) -> Any:
    """Return a JSON document with kinds of values in place of them. Names that are no field's are masked."""
    if depth > _DEEPEST:
        return MASK
    match document:
        case dict():
            return {
                name if _SEGMENT.fullmatch(name) else MASK: shape_of(document=value, depth=depth + 1)
                for name, value in document.items()
            }
        case list():
            return [shape_of(document=value, depth=depth + 1) for value in document]
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text" if document.strip() else "a blank text"
        case _:
            return None


def _mask_name(*, name: str) -> str:
    return name if _CODE.fullmatch(name) else MASK


def _mask_path(*, path: str) -> str:
    return ".".join(part if _SEGMENT.fullmatch(part) else MASK for part in path.split(".")) if path else ""


def _mask_detail(*, detail: str, values: re.Pattern[str] | None) -> str:
    masked = values.sub(MASK, detail) if values is not None else detail
    masked = _PATTERNS.sub(MASK, masked)
    return re.sub(rf"{MASK}(?:\s*{MASK})+", MASK, masked)


def _values_pattern(*, payloads: Sequence[bytes], said: str) -> re.Pattern[str] | None:
    """Return what finds the values of payloads in what was said.

    Values that do not occur in it are left out: a pattern of all of them takes milliseconds to compile.
    """
    if not payloads or not said:
        return None
    documents = [orjson.loads(payload) for payload in payloads]
    values = {value for value in _leaves(document=documents) if len(value) >= _SHORTEST}
    # A name of two words may be repeated in part.
    words = {word for value in values for word in _words(value=value) if len(word) > _SHORTEST}
    wanted = [
        value for value in sorted(values | words, key=len, reverse=True) if value.lower() not in _NEUTRAL
    ]
    signs = _signs(said)
    grouped = [
        pattern
        for value in wanted
        if _may_be_said(value=_signs(value), said=signs) and (pattern := _in_groups(value=value))
    ]
    wanted = [value for value in wanted if _may_be_said(value=value, said=said)]
    if not wanted and not grouped:
        return None
    # Match whole words where a value is a single word: "Mr" or "Ann" must not mask parts of other words.
    return re.compile(
        "|".join(
            [
                *grouped,
                *(
                    rf"(?<!\w){re.escape(value)}(?!\w)"
                    if value in words or len(value) <= _SHORTEST
                    else re.escape(value)
                    for value in wanted
                ),
            ]
        ),
        re.IGNORECASE,
    )


def _may_be_said(*, value: str, said: str) -> bool:
    """Return whether a value may be found in what was said, in capitals or not.

    Beyond ASCII, so many letters count as the same that every value may be.
    """
    return not value.isascii() or value.lower() in said.translate(_SAME_IN_ASCII).lower()


def _signs(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(sign for sign in text if sign.isalnum())


def _words(*, value: str) -> list[str]:
    # Those of an e-mail address are words of any sentence: mail, com.
    return value.split() if "@" in value else _BETWEEN_WORDS.split(value)


def _in_groups(*, value: str) -> str:
    """The pattern of a number of letters and digits, as a person would write it too; blank for all others.

    Digits alone are masked without being known.
    """
    signs = [sign for sign in value if sign.isalnum()]
    is_number = any(sign.isdigit() for sign in signs) and any(sign.isalpha() for sign in signs)
    if not is_number or not 5 <= len(signs) <= _LONGEST_NUMBER or len(value) > 2 * len(signs):
        return ""
    return rf"(?<!\w){_BETWEEN_GROUPS.join(map(re.escape, signs))}(?!\w)"


def _leaves(*, document: Any) -> Iterator[str]:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, str):
            yield node.strip()
        elif isinstance(node, int | float) and not isinstance(node, bool):
            yield str(node)
