"""Groups findings by cause, so that a thousand rejections become the ten things to mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from transforms.findings import Finding, Severity
from transforms.registry import BrokenDialect, UnknownDialect

MOST_CODES: Final = 20
"""Unknown codes of a column that are separate causes: each is mended by itself."""

_EXAMPLES: Final = 3
TOLD_APART: Final = ("invalid_value", "unknown_code")
"""Codes whose sentences are separate causes."""
FURTHER: Final = "The column holds more unknown codes than are shown: name these, and look again."


@dataclass(slots=True, kw_only=True)
class Cause:
    """One kind of finding. `path` has no indexes; `source` is the legacy column, empty for a whole record.

    `domain` and `event` are Kraken's, blank where it gives none; `unnamed` of the findings have no code of
    their own.
    """

    severity: Severity
    code: str
    path: str
    source: str
    detail: str
    customers: int = 0
    examples: list[str] = field(default_factory=list)
    """External identifiers of the first few customers."""
    domain: str = ""
    event: str = ""
    unnamed: int = 0
    how: str = ""
    """How the column was found where the error names no field; blank where it does."""
    found_by: str = ""
    """Who found it, and what came of it, in words."""

    @property
    def where(self) -> str:
        """The path, and where its values come from."""
        named = self.path or "the whole record"
        return f"{named} ← {self.source}" if self.source else named


@dataclass(slots=True, kw_only=True)
class Triage:
    """Counts customers by cause. Grows with the number of causes, not with the number of customers."""

    dialect: str
    _causes: dict[tuple[str, str, str, str], Cause] = field(default_factory=dict)
    _told: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _sources: Counter[str] = field(default_factory=Counter)

    def add(self, *, external_identifier: str, findings: Iterable[Finding]) -> None:
        """Count one customer, once for each cause."""
        seen: set[tuple[str, str, str, str]] = set()
        sources: set[str] = set()
        for finding in findings:
            apart = self._told_apart(finding=finding)
            key = (finding.severity, finding.code, finding.generic_path, apart)
            if key in seen:
                continue
            seen.add(key)
            cause = self._causes.get(key)
            if cause is None:
                cause = self._causes[key] = Cause(
                    severity=finding.severity,
                    code=finding.code,
                    path=finding.generic_path,
                    source=source_of(dialect=self.dialect, path=finding.generic_path),
                    detail=apart or finding.detail,
                    found_by=found_by(severity=finding.severity, origin=finding.origin, stage="build"),
                )
            cause.customers += 1
            sources.add(cause.source)
            if len(cause.examples) < _EXAMPLES:
                cause.examples.append(external_identifier)

        self._sources.update(sources - {""})

    def _told_apart(self, *, finding: Finding) -> str:
        """Return the sentence of a separate cause; blank where the first one stands for all."""
        if finding.code not in TOLD_APART:
            return ""
        told = self._told.setdefault((finding.code, finding.generic_path), set())
        if finding.detail not in told and len(told) >= MOST_CODES:
            return FURTHER
        told.add(finding.detail)
        return finding.detail

    def sources(self) -> list[tuple[str, int]]:
        """Legacy columns with the number of customers they have findings of, the most frequent first."""
        return sorted(self._sources.items(), key=lambda item: (-item[1], item[0]))

    def causes(self) -> list[Cause]:
        """Errors before warnings, the most frequent first."""
        return sorted(
            self._causes.values(),
            key=lambda cause: (cause.severity, -cause.customers, cause.code, cause.path, cause.detail),
        )


OUTCOME_KEPT: Final = "outcome_kept"
"""Code of a record that Kraken does not create anew, and keeps as an earlier create ended."""
SAID_BEFORE: Final = "said_before"
"""Code of the warning that repeats what Kraken says of that earlier create."""
KEPT_BY_KRAKEN: Final = "kept by Kraken as an earlier create ended"


def found_by(*, severity: str, origin: str, stage: str, code: str = "") -> str:
    """Return who found something at which step, and what came of it."""
    if code == OUTCOME_KEPT:
        return KEPT_BY_KRAKEN
    if code == SAID_BEFORE:
        return "said by Kraken of an earlier create"
    if severity == "warning":
        return "our warning" if origin == "local" else "Kraken's warning"
    if origin == "local":
        if code in _AT_THE_GATE:
            return "held back at our gate: Kraken has not rehearsed it as it is"
        return "rejected by our build" if stage == "build" else "noted by us"
    return _KRAKENS.get(stage, "refused by Kraken")


_AT_THE_GATE: Final = ("rehearsal_missing", "rehearsal_outdated")
_KRAKENS: Final = {
    "validate": "refused by Kraken's validation",
    "create": "refused by Kraken's create",
    "status": "ended by Kraken",
}


def source_of(*, dialect: str, path: str) -> str:
    """The legacy column behind a path without indexes, for people; empty for the record as a whole.

    Also empty for a dialect that is not in force here, or cannot be loaded: its records outlive it.
    """
    # Tracing needs libraries that most processes with causes never use.
    from transforms.lineage import origin_of

    try:
        origin = origin_of(dialect=dialect, path=path)
    except (UnknownDialect, BrokenDialect):
        return ""
    return "" if origin is None else str(origin)
