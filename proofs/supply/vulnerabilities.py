"""Asks whether anything that a lock has is known to be vulnerable."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import requests

from kraken_import.local.settings import ROOT
from proofs.supply import tools
from proofs.supply.reading import LOCKS, PRODUCTION, REVIEWED, Reviewed, UnableToExamine, pins

VARIABLE: Final = "OSV_URL"
_URL: Final = "https://api.osv.dev/v1/query"
_SECONDS: Final = 15.0


class NotLookedFor(Exception):
    """A sentence on why the question could not be asked, and what to do."""


def vulnerabilities(*, reviewed: Reviewed) -> Sequence[str]:
    """Return one sentence for each known vulnerability of what any lock has. Raises NotLookedFor."""
    url = os.environ.get(VARIABLE, "").strip() or _URL
    _check(url=url)
    found = [each for part in parts() for each in _asked(url=url, part=part, reviewed=reviewed)]
    production = {(pin.name, pin.version) for pin in pins(lock=PRODUCTION)}
    return [
        f"{name} {version} ({_use(is_production=(name, version) in production)}) has {one['id']}, mended in "
        f"{', '.join(one['fix_versions']) or 'no version yet'}: lock another version, or write into "
        f"{REVIEWED.relative_to(ROOT)} why it does not concern us."
        for name, version, known in found
        for one in known
    ]


def _use(*, is_production: bool) -> str:
    return "production" if is_production else "development"


def parts() -> Sequence[Mapping[str, str]]:
    """Return each version of each name that is locked, for whichever Python; a name once in each part."""
    (pip,) = (ROOT / "bin").glob("pip-*.whl")
    every = {(pin.name, pin.version) for lock in LOCKS for pin in pins(lock=lock)}
    found: list[dict[str, str]] = []
    for name, version in sorted({*every, ("pip", pip.name.split("-")[1])}):
        part = next((each for each in found if name not in each), None)
        if part is None:
            found.append(part := {})
        part[name] = version
    return found


def _asked(
    *, url: str, part: Mapping[str, str], reviewed: Reviewed
) -> Sequence[tuple[str, str, Sequence[dict[str, Any]]]]:
    with tempfile.TemporaryDirectory() as scratch:
        lock, answer = Path(scratch) / "lock.txt", Path(scratch) / "answer.json"
        lock.write_text("".join(f"{name}=={version}\n" for name, version in part.items()), encoding="utf-8")
        ignored = [word for name in reviewed.vulnerabilities for word in ("--ignore-vuln", name)]
        service = ["--vulnerability-service", "osv", "--osv-url", url, "--timeout", f"{_SECONDS:.0f}"]
        form = ["--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]
        files = ["--requirement", str(lock), "--output", str(answer)]
        # 1 is what it ends with when it found something, and when it broke off: then it has written nothing.
        tools.run("pip-audit", *service, *form, *ignored, *files, good=(0, 1))
        if not answer.is_file():
            raise NotLookedFor(_sentence(url=url, problem="stopped answering"))
        told = json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
    found = [(each["name"], each["version"], each["vulns"]) for each in told if "vulns" in each]
    if {(name, version) for name, version, _ in found} != set(part.items()):
        raise UnableToExamine("pip-audit left out a part of the locks: look at its version in proofs/supply.")
    return found


def _check(*, url: str) -> None:
    question = {"package": {"name": "pip", "ecosystem": "PyPI"}, "version": "0"}
    try:
        answer = requests.post(url, json=question, timeout=_SECONDS)
    except requests.RequestException:
        raise NotLookedFor(_sentence(url=url, problem="cannot be reached")) from None
    if not answer.ok:
        raise NotLookedFor(_sentence(url=url, problem=f"answers {answer.status_code}"))


def _sentence(*, url: str, problem: str) -> str:
    return (
        f"Known vulnerabilities were NOT looked for: {url} {problem}; run `make supply` where it can be "
        f"reached, or name a mirror by {VARIABLE}=."
    )
