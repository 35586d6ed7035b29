"""Writes what production consists of: a CycloneDX document, and the licences as a table."""

from __future__ import annotations

import csv
import json
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kraken_import.local.settings import ROOT
from proofs.supply import tools
from proofs.supply.licences import Declared
from proofs.supply.reading import PRODUCTION, Pin, Reviewed

_PROJECT: Final = ROOT / "pyproject.toml"
_VALID: Final = (
    "import sys; from cyclonedx.schema import SchemaVersion; "
    "from cyclonedx.validation.json import JsonStrictValidator; "
    "sys.exit(str(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()) or '') or 0)"
)


def release() -> str:
    """Return the name and the version of this distribution, as its files begin."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    return f"{project['name']}-{project['version']}"


def write_bill(*, folder: Path, declared: Mapping[str, Declared], reviewed: Reviewed) -> Path:
    """Write what the production lock has. Returns its path; the same lock gives the same bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "bill.json"
        # `validate` does so with what is written in the end.
        form = ["--no-validate", "--output-reproducible", "--spec-version", "1.6", "--output-file", str(raw)]
        tools.run("cyclonedx-py", "requirements", str(PRODUCTION), "--pyproject", str(_PROJECT), *form)
        bill: dict[str, Any] = json.loads(raw.read_text(encoding="utf-8"))
    for component in bill["components"]:
        # The line of the lock once more, with all its hashes, which stand beside it.
        del component["description"]
        told = declared.get(canonicalize_name(component["name"]))
        if told is not None and told.version == component["version"] and told.statements:
            component["licenses"] = _licences(told=told, reviewed=reviewed)
    bill["dependencies"] = _graph(bill=bill)
    written = folder / f"{release()}.cdx.json"
    written.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return written


def validate(*, bill: Path) -> None:
    """Hold a bill against the schema of CycloneDX. Raises UnableToExamine."""
    tools.run("python", "-c", _VALID, str(bill))


def _licences(*, told: Declared, reviewed: Reviewed) -> Sequence[dict[str, Any]]:
    named = dict.fromkeys(reviewed.names.get(each, each) for each in told.statements)
    expression = " AND ".join(f"({each})" if len(named) > 1 else each for each in named)
    try:
        return [{"expression": canonicalize_license_expression(expression)}]
    except InvalidLicenseExpression:
        return [{"license": {"name": told.licence}}]


def _graph(*, bill: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """What the project itself names; the lock does not say what its packages require."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["celery"]]
    direct = {canonicalize_name(Requirement(line).name) for line in named}
    references = {each["name"]: each["bom-ref"] for each in bill["components"]}
    first = {"ref": bill["metadata"]["component"]["bom-ref"]}
    first_needs = sorted(references[name] for name in direct)
    return [{**first, "dependsOn": first_needs}, *({"ref": each} for each in sorted(references.values()))]


def write_licences(
    *, folder: Path, wanted: Sequence[Pin], declared: Mapping[str, Declared], reviewed: Reviewed
) -> Path:
    """Write each package of production with its licence, and why it may be used if a person had to decide."""
    written = folder / f"{release()}.licences.csv"
    with written.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("package", "version", "licence", "reviewed"))
        for pin in wanted:
            allowance = reviewed.packages.get(pin.name)
            rows.writerow(
                (pin.name, pin.version, declared[pin.name].licence, allowance.why if allowance else "")
            )
    return written
