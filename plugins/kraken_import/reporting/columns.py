"""`python -m kraken_import.reporting.columns DIALECT`: what the mapping says of each path, as JSON.

For processes that are long-lived and light: reading a mapping needs libraries that they do without.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any, Final

from transforms.lineage import lineage
from transforms.registry import BrokenDialect, UnknownDialect, get_dialect
from transforms.rules.engine import Circumstances

_ANY_DAY: Final = date(2000, 1, 1)
"""Any day: what a rule says does not depend on it."""


def columns(*, name: str) -> dict[str, Any]:
    """Return columns by path and explanations of rules by code; none where no mapping can be read."""
    try:
        dialect = get_dialect(name=name)
    except (UnknownDialect, BrokenDialect):
        return {"columns": {}, "rules": {}}
    return {
        "columns": {
            path: {"source": str(origin), "transform": origin.transform, "meaning": origin.meaning}
            for path, origin in lineage(name=name).items()
        },
        "rules": {
            rule.code: rule.explanation
            for rule in dialect.rules(Circumstances(today=_ANY_DAY, region=dialect.market))
        },
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(columns(name=sys.argv[1])))
