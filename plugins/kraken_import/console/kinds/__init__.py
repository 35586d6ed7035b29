"""The kinds of orders that people give in the console. One that is added here has its pages and its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kraken_import.console.kinds import cohort, control, gate, run
from kraken_import.console.kinds.kind import Kind

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (*control.KINDS, *gate.KINDS, *run.KINDS, *cohort.KINDS)
}
