"""The mapping of a dialect as data: each field with its column, query and rules, each rule with its source.

`python -m kraken_import.reporting.catalogue DIALECT` prints it as JSON, for a process that must not load
the models and libraries that reading the mapping takes.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from typing import Any

from kraken_import.reporting.mapping import ANY_DAY, unfilled
from transforms.database import shown
from transforms.extract import frame_sql
from transforms.lineage import lineage, untraceable
from transforms.registry import get_dialect
from transforms.rules.engine import Circumstances


def catalogue(*, name: str) -> dict[str, Any]:
    """Return the mapping of a dialect: its fields, its rules, and what it does not fill."""
    dialect = get_dialect(name=name)
    rules = dialect.rules(Circumstances(today=ANY_DAY, region=dialect.market))
    codes: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        for path in rule.paths:
            codes[path].append(rule.code)
    queries = {frame.name: shown(frame_sql(dialect=name, name=frame.name)) for frame in dialect.frames}
    return {
        "name": name,
        "title": dialect.title,
        "resource": dialect.resource,
        "fields": [
            {
                "path": path,
                "sources": [str(source) for source in origin.sources],
                "queries": [queries[frame] for frame in origin.frames],
                "transform": origin.transform,
                "meaning": origin.meaning,
                "required": "yes" if origin.required else "warns" if origin.expected else "",
                "rules": list(dict.fromkeys(codes[path])),
            }
            for path, origin in lineage(name=name).items()
        ],
        "rules": [
            {
                "code": rule.code,
                "severity": rule.severity,
                "paths": list(dict.fromkeys(rule.paths)),
                "explanation": rule.explanation,
                "stated": str(rule.source or "inferred"),
                "needs": list(rule.needs),
            }
            for rule in rules
        ],
        "unfilled": unfilled(dialect=dialect),
        "untraceable": untraceable(name=name),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(catalogue(name=sys.argv[1])))
