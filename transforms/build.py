"""Frames in, payloads and rejections out: every customer asked for is exactly one of the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson
import pandas as pd
from pydantic import ValidationError

from transforms.assemble import Assembled, Conventions, assemble
from transforms.cpu_clock import a_line
from transforms.dialect import Dialect
from transforms.findings import Finding
from transforms.frame_rows import FrameRows
from transforms.memory import collector_paused
from transforms.models.shape import check_of
from transforms.money import Balance, payload_balances
from transforms.rules.engine import Batch, Circumstances, UniqueRule, run_rules

_MISSING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """Settings that the payload takes from the wave and not from the legacy database."""

    import_supplier: str
    today: date
    zone: str | None = None
    """Time zone of legacy times without an offset; None for the dialect's own."""
    region: str | None = None
    """Two-letter country code of phone numbers without a prefix; None for the dialect's market."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Configured values: legacy code to Kraken's, by setting; the dialect's own for what is missing."""
    digest_key: bytes = field(default=b"", repr=False)
    """What digests of unique values are keyed with, so that trying all values does not find them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPayload:
    """A finished payload: compact JSON in UTF-8, without any envelope."""

    external_identifier: str
    body: bytes = field(repr=False)
    balances: tuple[Balance, ...] = ()
    """The balances in the payload, for reconciliation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found about one customer."""

    external_identifier: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A value that no other customer of the wave may have too, as a digest, and what to say if one has.

    The finding's path has no indexes.
    """

    external_identifier: str
    digest: bytes
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """`payloads` and `rejections` together hold each customer once; `warnings` are about payloads.

    `shared` is for comparing the batches of a wave with each other. `frames` has what each frame delivered.
    """

    payloads: list[BuiltPayload]
    rejections: list[Findings]
    warnings: list[Findings] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    frames: Sequence[FrameRows] = ()


class _Made(NamedTuple):
    """A document that fits the model, and its bytes."""

    document: dict[str, Any]
    body: bytes


@a_line("build")
def build(
    *,
    dialect: Dialect,
    frames: Mapping[str, pd.DataFrame],
    identifiers: Sequence[str],
    settings: BuildSettings,
    unreadable: Mapping[str, Finding] | None = None,
) -> BuildResult:
    """Build and check the payloads of a batch.

    Raises `FrameContractBroken` for SQL that breaks its contract, and `RuleBroken` for a rule that crashes.

    One customer's faults reject that customer alone, with every fault that was found. `unreadable` says of
    customers without rows in `frames` why the SQL could not read them: they are rejected.
    """
    with collector_paused():
        return _build(
            dialect=dialect,
            frames=frames,
            identifiers=identifiers,
            settings=settings,
            unreadable=unreadable or {},
        )


def drafts(
    *,
    dialect: Dialect,
    frames: Mapping[str, pd.DataFrame],
    identifiers: Sequence[str],
    settings: BuildSettings,
) -> dict[str, dict[str, Any]]:
    """The documents of customers whose rows make one, before the model and the rules have seen them."""
    assembled = _assembled(dialect=dialect, frames=frames, identifiers=identifiers, settings=settings)
    return {
        identifier: _draft(dialect=dialect, document=document, identifier=identifier, settings=settings)
        for identifier, document in assembled.documents.items()
        if identifier not in assembled.findings
    }


def _assembled(
    *,
    dialect: Dialect,
    frames: Mapping[str, pd.DataFrame],
    identifiers: Sequence[str],
    settings: BuildSettings,
) -> Assembled:
    return assemble(
        dialect=dialect,
        frames=frames,
        identifiers=identifiers,
        conventions=Conventions(
            zone=ZoneInfo(settings.zone or dialect.zone),
            values={**dialect.default_values, **settings.values},
            today=settings.today,
        ),
    )


def _draft(
    *, dialect: Dialect, document: Mapping[str, Any], identifier: str, settings: BuildSettings
) -> dict[str, Any]:
    return {
        "import_supplier": settings.import_supplier,
        **_named(document=document, place=dialect.identifier_path, name=identifier),
    }


def _build(
    *,
    dialect: Dialect,
    frames: Mapping[str, pd.DataFrame],
    identifiers: Sequence[str],
    settings: BuildSettings,
    unreadable: Mapping[str, Finding],
) -> BuildResult:
    assembled = _assembled(dialect=dialect, frames=frames, identifiers=identifiers, settings=settings)
    check = check_of(dialect.model)
    result = BuildResult(payloads=[], rejections=[], frames=assembled.frames)
    made: dict[str, _Made] = {}
    for identifier in dict.fromkeys(identifiers):
        document = assembled.documents.get(identifier)
        findings = assembled.findings.get(identifier, [])
        if identifier in unreadable:
            findings = [unreadable[identifier]]
        elif document is None:
            findings = [*findings, _not_in_legacy(dialect=dialect)]
        elif not findings:
            document = _draft(dialect=dialect, document=document, identifier=identifier, settings=settings)
            try:
                # The model looks at every value and changes none.
                check(document)
                made[identifier] = _Made(document, orjson.dumps(document))
            except ValidationError as error:
                findings = _schema_findings(error=error, document=document)
            except orjson.JSONEncodeError:
                findings = [_no_json()]
            else:
                continue
        result.rejections.append(Findings(external_identifier=identifier, findings=tuple(findings)))
    _check(
        dialect=dialect,
        made=made,
        warnings=assembled.warnings,
        settings=settings,
        result=result,
    )
    return result


@a_line("rules")
def _check(
    *,
    dialect: Dialect,
    made: Mapping[str, _Made],
    warnings: Mapping[str, Sequence[Finding]],
    settings: BuildSettings,
    result: BuildResult,
) -> None:
    """Sort the built payloads by the findings of the dialect's rules."""
    given = Circumstances(
        today=settings.today, region=settings.region or dialect.market, values=settings.values
    )
    rules = dialect.rules(given)
    unique = [rule for rule in rules if isinstance(rule, UniqueRule)]
    others = [rule for rule in rules if not isinstance(rule, UniqueRule)]
    batch = Batch([each.document for each in made.values()])
    found = run_rules(rules=others, batch=batch)
    # Refused records do not take part in the uniqueness check.
    batch.left_out.update(number for number, findings in found.items() if _is_refused(findings))
    for number, more in run_rules(rules=unique, batch=batch).items():
        found[number] = [*found.get(number, ()), *more]
    for number, identifier in enumerate(made):
        findings = [*found.get(number, ()), *warnings.get(identifier, ())]
        if findings:
            # The first finding represents the record in every count.
            findings.sort(key=lambda finding: finding.severity != "error")
            record = Findings(external_identifier=identifier, findings=tuple(findings))
            if _is_refused(findings):
                result.rejections.append(record)
                batch.left_out.add(number)
                continue
            result.warnings.append(record)
        result.payloads.append(
            BuiltPayload(
                external_identifier=identifier,
                body=made[identifier].body,
                balances=payload_balances(sources=dialect.money, document=made[identifier].document),
            )
        )
    result.shared.extend(_shared(rules=unique, identifiers=list(made), batch=batch, key=settings.digest_key))


def _is_refused(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _shared(
    *, rules: Sequence[UniqueRule], identifiers: Sequence[str], batch: Batch, key: bytes
) -> Iterator[Shared]:
    for rule in rules:
        finding = rule.finding(path=rule.path)
        begun = blake2b(f"{rule.code}:".encode(), digest_size=16, key=key)
        for number, value in rule.values(batch=batch):
            digest = begun.copy()
            digest.update(value.encode())
            yield Shared(external_identifier=identifiers[number], digest=digest.digest(), finding=finding)


def _named(*, document: Mapping[str, Any], place: Sequence[str], name: str) -> dict[str, Any]:
    """Return the document with this text placed first, for people who read it."""
    first, *rest = place
    named = {first: None, **document}
    named[first] = _named(document=document.get(first, {}), place=rest, name=name) if rest else name
    return named


def _not_in_legacy(*, dialect: Dialect) -> Finding:
    return Finding(
        code="not_in_legacy",
        path="",
        detail=f"Frame {dialect.root.name} has no row for this customer: is it still in the legacy database, "
        "its key without blanks around it?",
    )


def _no_json() -> Finding:
    # The error itself does not name the place of the value.
    return Finding(
        code="schema",
        path="",
        detail="JSON cannot represent it: a lone surrogate, a whole number of more than 64 bits, or "
        "a document nested too deeply.",
    )


def _schema_findings(*, error: ValidationError, document: Any) -> list[Finding]:
    """pydantic's errors without the values that they quote."""
    return [
        Finding(code="schema", path=_path(place=problem["loc"], document=document), detail=problem["msg"])
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _path(*, place: Sequence[str | int], document: Any) -> str:
    """Format a location in the document: pydantic also names the branch of a union, which is not a field."""
    parts: list[str] = []
    node = document
    for index, part in enumerate(place):
        inside: Any = _MISSING
        if isinstance(node, dict):
            inside = node.get(part, _MISSING)
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            inside = node[part]
        if inside is not _MISSING:
            node = inside
        elif index < len(place) - 1 or not isinstance(part, str) or part.isupper():
            continue
        parts.append(str(part))
    return ".".join(parts)
