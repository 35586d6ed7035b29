"""A ledger beside that of the last release, which `benchmarks/ledger.json` keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kraken_import.local.bench.ledger import Ledger
from kraken_import.local.settings import ROOT

KEPT: Final = ROOT / "benchmarks" / "ledger.json"
WORSE: Final = 0.03
"""By more than this share of its seconds a line counts as worse."""

_LEAST: Final = {"s": 0.005, "MB": 10.0}
"""What is noise however small a line is: CPU seconds for 1,000 accounts, and memory of a process."""
_ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A line, or a process' memory, that takes more than in the ledger before."""

    name: str
    before: float
    now: float
    unit: str

    @property
    def sentence(self) -> str:
        """Say what got worse."""
        grown = f"{self.now / self.before - 1:+.0%}" if self.before else "new"
        return f"{self.name}: {self.before:,.3f} → {self.now:,.3f} {self.unit} ({grown})"


def why_not(*, before: Ledger | None, now: Ledger) -> str | None:
    """Return one sentence where two ledgers cannot be compared; None where they can."""
    if before is None:
        return f"No ledger is kept to compare with: `make bench SAVE=yes` keeps this one in {KEPT.name}."
    if before.machine != now.machine:
        return (
            f"The ledger kept is of another machine ({before.machine}; this is {now.machine}), so nothing is "
            "compared: keep one of this machine with SAVE=yes, in a checkout of the last release."
        )
    if (before.dialect, before.accounts) != (now.dialect, now.accounts):
        size = f"{before.accounts:,} {before.dialect}"
        return f"The ledger kept is of {size}, so nothing is compared: measure as many."
    return None


def worse(*, before: Ledger, now: Ledger) -> Sequence[Difference]:
    """Return what takes over 3 % more than before, the largest growth first, and the sum before all."""
    past = {entry.name: entry.seconds for entry in before.entries}
    lines = [
        Difference(name=entry.name, before=past.get(entry.name, 0.0), now=entry.seconds, unit="s")
        for entry in now.entries
    ]
    lines.sort(key=lambda each: each.before - each.now)
    whole = Difference(name=_ALL, before=before.total, now=now.total, unit="s")
    peaks = [
        Difference(name=f"memory of {name}", before=before.peaks[name] / 2**20, now=size / 2**20, unit="MB")
        for name, size in sorted(now.peaks.items())
        if name in before.peaks
    ]
    return [each for each in (whole, *lines, *peaks) if _is_worse(each)]


def _is_worse(difference: Difference) -> bool:
    grown = difference.now - difference.before
    return grown > max(WORSE * difference.before, _LEAST[difference.unit])
