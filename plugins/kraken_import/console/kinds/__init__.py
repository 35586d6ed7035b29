"""The kinds of orders that people give in the console. One that is added here has its pages and its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kraken_import.console.kinds import again, cohort, control, cutover, gate, planning, records, run
from kraken_import.console.kinds.kind import Kind

_MODULES: Final = (control, gate, run, again, records, cutover, cohort, planning)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for module in _MODULES for kind in module.KINDS}
