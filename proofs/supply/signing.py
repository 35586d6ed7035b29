"""Signs a release, so that a receiver can tell it from another one with tools that every system has."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kraken_import.local.settings import ROOT
from proofs.supply.reading import UnableToExamine

SUMS: Final = "SHA256SUMS"
NAMESPACE: Final = "kraken-migration"
"""A signature that the same key made for another purpose is none of a release."""


def build_wheel(*, folder: Path) -> Path:
    """Build the wheel of this commit into a folder. Returns its path; raises UnableToExamine."""
    status = ["git", "status", "--porcelain", "--untracked-files=normal"]
    changed = subprocess.run(status, cwd=ROOT, capture_output=True, text=True, check=False)
    if changed.returncode != 0 or changed.stdout.strip():
        raise UnableToExamine(
            "The files differ from the last commit, or git cannot tell: commit or remove the changes first, "
            "so that what is signed can be built again."
        )
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnableToExamine("The wheel could not be built: run `.venv/bin/python -m hatchling build`.")
    (wheel,) = folder.glob("*.whl")
    return wheel


def sign(*, files: Sequence[Path], key: Path) -> Path:
    """Write the sums of files of one folder and sign them. Returns the signature; raises UnableToExamine.

    One signature over all sums says that the files belong together, which one for each would not.
    """
    (folder,) = {each.parent for each in files}
    sums = folder / SUMS
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in sorted(files)]
    sums.write_text("".join(lines), encoding="utf-8")
    signature = sums.with_name(f"{SUMS}.sig")
    signature.unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(sums)]
    try:
        # Not captured: it may ask for the passphrase.
        done = subprocess.run(command, check=False)
    except FileNotFoundError:
        raise UnableToExamine("There is no ssh-keygen on PATH: install OpenSSH 8.2 or newer.") from None
    if done.returncode != 0 or not signature.is_file():
        raise UnableToExamine(f"{key} did not sign: name an SSH key by KEY=, and unlock it.")
    return signature
