"""One form for everything that is wrong, or odd, with a record, whether Kraken or we found it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An error or a warning about one place of a payload.

    `path` has indexes ("customers.0.landline") and is empty for the record as a whole; `detail` is one
    sentence without personal values; `origin` is local for our own build, kraken for Kraken's answer. Of an
    answer, `domain` is the part of Kraken that refused and `event` the latest event of the import process,
    both blank where it names none, and `is_named` says whether a code of its own is known. `is_ours` says
    that the sentence is our own, whoever found it.
    """

    code: str
    path: str
    detail: str
    severity: Severity = "error"
    origin: Literal["local", "kraken"] = "local"
    domain: str = ""
    event: str = ""
    is_named: bool = True
    is_ours: bool = False

    @classmethod
    def of_record(cls, *, code: str, detail: str) -> Self:
        """What Kraken's answers mean for a record as a whole."""
        return cls(code=code, path="", detail=detail, origin="kraken", is_ours=True)

    @property
    def generic_path(self) -> str:
        """The path without indexes ("customers.landline"), by which findings are grouped."""
        return ".".join(part for part in self.path.split(".") if not part.isdigit())
