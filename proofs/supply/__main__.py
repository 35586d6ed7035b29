"""`make supply` and `make sign`: what is delivered is examined, listed and signed.

python -m proofs.supply [--sign KEY]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from kraken_import.local.settings import ROOT
from proofs.supply import bill, licences, signing, tools
from proofs.supply.leaks import leaks
from proofs.supply.reading import Reviewed, UnableToExamine, reviewed
from proofs.supply.vulnerabilities import NotLookedFor, vulnerabilities

DIST: Final = ROOT / "dist"
NOT_DONE: Final = tools.FOLDER / "not-done"
"""Says what could not be examined here; `.ci/run` ends with it."""


def main(*, arguments: Sequence[str]) -> int:
    """Examine everything, or sign a release. Returns the exit status: 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="proofs.supply", description="Examine what is delivered, or sign it."
    )
    parser.add_argument(
        "--sign", type=Path, metavar="KEY", help="an SSH key, or its public half with an agent"
    )
    options = parser.parse_args(arguments)
    try:
        tools.ensure()
        folder = _folder()
        if options.sign is None:
            return _examine(folder=folder)
        return sign(folder=folder, key=options.sign, today=datetime.now(UTC).date())
    except UnableToExamine as problem:
        print(problem, file=sys.stderr)
        return 1


def _folder() -> Path:
    """Return an empty folder for what belongs to this version."""
    folder = DIST / bill.release()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _examine(*, folder: Path) -> int:
    allowed = reviewed()
    wrong = list(leaks())
    print(f"Secrets: {_count(wrong)} in the tracked files.")
    wanted, declared = licences.of_production(), licences.installed()
    objections = licences.objections(wanted=wanted, declared=declared, reviewed=allowed)
    print(f"Licences: {_count(objections)} in {len(wanted)} packages of production.")
    if not objections:
        written = _write(folder=folder)
        print(f"Lists: {', '.join(str(each.relative_to(ROOT)) for each in written)}.")
    wrong += objections
    wrong += ask(allowed=allowed, note=NOT_DONE)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


def ask(*, allowed: Reviewed, note: Path) -> Sequence[str]:
    """Return a sentence for each known vulnerability; where it cannot ask, `note` says so."""
    note.unlink(missing_ok=True)
    try:
        known = vulnerabilities(reviewed=allowed)
    except NotLookedFor as problem:
        print(problem)
        note.write_text(f"{problem}\n", encoding="utf-8")
        return []
    print(f"Known vulnerabilities: {_count(known)} in the locks.")
    return known


def _count(sentences: Sequence[str]) -> str:
    return f"{len(sentences)} to look at" if sentences else "nothing to object to"


def _write(*, folder: Path) -> Sequence[Path]:
    allowed, wanted, declared = reviewed(), licences.of_production(), licences.installed()
    listed = bill.write_licences(folder=folder, wanted=wanted, declared=declared, reviewed=allowed)
    written = bill.write_bill(folder=folder, declared=declared, reviewed=allowed)
    bill.validate(bill=written)
    return [written, listed]


def sign(*, folder: Path, key: Path, today: date) -> int:
    """Fill an empty folder with a release and sign it. Returns 0; raises UnableToExamine."""
    wanted, declared = licences.of_production(), licences.installed()
    if licences.objections(wanted=wanted, declared=declared, reviewed=reviewed()):
        raise UnableToExamine(
            "A licence is not allowed, or a package not as it is locked: see `make supply`."
        )
    files = [signing.build_wheel(folder=folder), *_write(folder=folder)]
    files.append(_write_what_is_known(folder=folder, today=today))
    signature = signing.sign(files=files, key=key)
    shown = os.path.relpath(signature.parent)
    print(f"{shown} has {len(files)} files, their sums and the signature. SECURITY.md says how to verify it.")
    return 0


def _write_what_is_known(*, folder: Path, today: date) -> Path:
    """Write whether vulnerabilities were looked for, and which are no concern. Returns the path.

    Raises UnableToExamine for any other that is known.
    """
    allowed = reviewed()
    try:
        known = vulnerabilities(reviewed=allowed)
        said = (
            f"Known vulnerabilities were looked for on {today}: none is known of what the locks have, but "
            f"for {len(allowed.vulnerabilities)} that a person has looked at."
        )
    except NotLookedFor as problem:
        known = []
        print(problem)
        said = (
            f"Known vulnerabilities were NOT looked for when this was signed, on {today}: look for those of "
            "the bill of materials before it is installed."
        )
    if known:
        raise UnableToExamine("\n".join([*known, "Nothing was signed."]))
    print(said)
    lines = [said, *(f"{name}: {why}" for name, why in sorted(allowed.vulnerabilities.items()))]
    written = folder / f"{bill.release()}.vulnerabilities.txt"
    written.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return written


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
