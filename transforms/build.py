"""Frames in, payloads and rejections out: every customer asked for is exactly one of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from transforms.assemble import assemble
from transforms.dialect import Dialect
from transforms.findings import Finding

_MISSING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """What the payload takes from the wave and not from the legacy database."""

    import_supplier: str
    zone: str | None = None
    """Time zone of legacy times without an offset; None for the dialect's own."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Configured values: legacy code to Kraken's, by setting; the dialect's own for what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPayload:
    """A finished payload: compact JSON in UTF-8, without any envelope."""

    external_identifier: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found about one customer."""

    external_identifier: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """`payloads` and `rejections` together hold each customer once; `warnings` are about payloads."""

    payloads: list[BuiltPayload]
    rejections: list[Findings]
    warnings: list[Findings] = field(default_factory=list)


def build(
    *,
    dialect: Dialect,
    frames: Mapping[str, pd.DataFrame],
    identifiers: Sequence[str],
    settings: BuildSettings,
) -> BuildResult:
    """Build the payloads of a batch. Raises `FrameContractBroken` for SQL that breaks its contract.

    One customer's faults reject that customer alone, with every fault that was found.
    """
    zone = ZoneInfo(settings.zone or dialect.zone)
    assembled = assemble(
        dialect=dialect,
        frames=frames,
        identifiers=identifiers,
        zone=zone,
        values={**dialect.default_values, **settings.values},
    )
    payloads: list[BuiltPayload] = []
    rejections: list[Findings] = []
    for identifier in dict.fromkeys(identifiers):
        document = assembled.documents.get(identifier)
        findings = assembled.findings.get(identifier, [])
        if document is None:
            findings = [*findings, _not_in_legacy(dialect=dialect)]
        elif not findings:
            _identify(dialect=dialect, document=document, identifier=identifier, settings=settings)
            try:
                payload = dialect.model.model_validate(document)
                body = payload.model_dump_json(exclude_unset=True).encode()
            except ValidationError as error:
                findings = _schema_findings(error=error, document=document)
            except PydanticSerializationError:
                findings = [_no_json()]
            else:
                payloads.append(BuiltPayload(external_identifier=identifier, body=body))
                continue
        rejections.append(Findings(external_identifier=identifier, findings=tuple(findings)))
    return BuildResult(payloads=payloads, rejections=rejections)


def _identify(
    *, dialect: Dialect, document: dict[str, Any], identifier: str, settings: BuildSettings
) -> None:
    document["import_supplier"] = settings.import_supplier
    *places, name = dialect.identifier_path
    holder = document
    for place in places:
        holder = holder.setdefault(place, {})
    holder[name] = identifier


def _not_in_legacy(*, dialect: Dialect) -> Finding:
    return Finding(
        code="not_in_legacy",
        path="",
        detail=f"Frame {dialect.root.name} has no row for this customer: is it still in the legacy database?",
    )


def _no_json() -> Finding:
    # The error itself quotes the value, and does not say where it stands.
    return Finding(
        code="schema",
        path="",
        detail="It is no JSON: half a character (a lone surrogate), or a document nested too deeply.",
    )


def _schema_findings(*, error: ValidationError, document: Any) -> list[Finding]:
    """pydantic's errors without the values that they quote."""
    return [
        Finding(code="schema", path=_path(place=problem["loc"], document=document), detail=problem["msg"])
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _path(*, place: Sequence[str | int], document: Any) -> str:
    """A location in the document: pydantic also names the branch of a union, which is no field."""
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
