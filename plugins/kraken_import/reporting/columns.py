"""`python -m kraken_import.reporting.columns DIALECT`: what the mapping says of each path, as JSON.

For processes that are long-lived and light: reading a mapping needs libraries that they do without.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import date
from typing import Any, Final

from transforms.database import shown
from transforms.extract import UnableToExtract, frame_sql
from transforms.lineage import conditions_of_rows, lineage
from transforms.registry import BrokenDialect, UnknownDialect, get_dialect
from transforms.rules.engine import Circumstances

_ANY_DAY: Final = date(2000, 1, 1)
"""Any day: what a rule says does not depend on it."""


def columns(*, name: str) -> dict[str, Any]:
    """Return columns by path, and explanations and paths of rules by code.

    They are blank where no mapping can be read.
    """
    try:
        dialect = get_dialect(name=name)
    except (UnknownDialect, BrokenDialect):
        return {"columns": {}, "rules": {}, "places": {}}
    rules = dialect.rules(Circumstances(today=_ANY_DAY, region=dialect.market))
    queries = {frame.name: _query(dialect=name, frame=frame.name) for frame in dialect.frames}
    conditions = conditions_of_rows(name=name)
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for rule in rules:
        places[rule.code].update(dict.fromkeys(rule.paths))
        places[rule.code].update(
            dict.fromkeys(".".join(filter(None, (rule.path, need))) for need in rule.needs)
        )
    return {
        "columns": {
            path: {
                "source": str(origin),
                "transform": origin.transform,
                "meaning": origin.meaning,
                "queries": [queries[frame] for frame in origin.frames],
                "conditions": [str(source) for source in conditions.get(path, ())],
            }
            for path, origin in lineage(name=name).items()
        },
        "rules": {rule.code: rule.explanation for rule in rules},
        "places": {code: list(paths) for code, paths in places.items()},
    }


def _query(*, dialect: str, frame: str) -> str:
    try:
        return shown(frame_sql(dialect=dialect, name=frame))
    except UnableToExtract:
        return f"{frame}.sql"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(columns(name=sys.argv[1])))
