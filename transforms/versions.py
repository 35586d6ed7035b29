"""What payloads were built by: a version of this package, and a mapping."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildVersion:
    """What built, or would build, payloads; None where it is not known."""

    package: str | None = None
    mapping: str | None = None
    """Digest of the dialect's mapping."""

    @property
    def in_words(self) -> str:
        """The same for people."""
        if self.mapping is None:
            return "not known"
        return f"mapping {self.mapping}, package {self.package or 'of unknown version'}"

    def differs(self, *, other: BuildVersion) -> bool:
        """Return whether the two mappings are known to differ."""
        return None not in (self.mapping, other.mapping) and self.mapping != other.mapping
