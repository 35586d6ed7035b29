"""The tools that examine, in an environment of their own: `make demo` does not install them."""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kraken_import.local.settings import ROOT, RUN
from proofs.supply.reading import UnableToExamine

_LOCK: Final = Path(__file__).with_name("tools.txt")
FOLDER: Final = RUN / "supply"
_STAMP: Final = FOLDER / "installed"


def ensure() -> None:
    """Install the locked tools unless they are there. Raises UnableToExamine."""
    stamp = f"{sys.version_info[:2]} {FOLDER} {hashlib.sha256(_LOCK.read_bytes()).hexdigest()}"
    if _STAMP.is_file() and _STAMP.read_text(encoding="utf-8") == stamp:
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    bootstrap = runpy.run_path(str(ROOT / "bin" / "bootstrap.py"))
    settings = bootstrap["_index_settings"](pip=[sys.executable, str(bootstrap["PIP"] / "pip")])
    environment = {**bootstrap["_environment"](), **settings}
    uv = str(Path(sys.executable).with_name("uv"))
    target = ["--quiet", "--python", str(FOLDER / "bin" / "python")]
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(FOLDER)],
        [uv, "pip", "install", *target, "--require-hashes", "--requirement", str(_LOCK)],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
            raise UnableToExamine(
                f"The tools of {_LOCK.relative_to(ROOT)} could not be installed: {lines[-1].strip()}; "
                "run it where a package index can be reached."
            )
    _STAMP.write_text(stamp, encoding="utf-8")


def run(*words: str, folder: Path = ROOT, good: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run one of the tools by its name. Raises UnableToExamine where its exit code is not `good`."""
    command = [str(FOLDER / "bin" / words[0]), *words[1:]]
    # What the caller's shell sets for another Python would change which packages are seen.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
        raise UnableToExamine(f"{words[0]} ended with {done.returncode}: {lines[-1].strip()}.")
    return done
