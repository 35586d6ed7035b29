"""The environments that the peers run in: made anew whenever their lock or the Python changes."""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from kraken_import.local.settings import ROOT, RUN

FOLDER: Final = RUN / "peers"
HERE: Final = Path(__file__).parent


class UnableToInstall(Exception):
    """A sentence that says why a peer cannot be measured."""


def python_of(*, lock: str) -> Path:
    """Return the Python that has exactly what a lock names, installed on demand. Raises UnableToInstall."""
    path = HERE / f"{lock}.txt"
    folder = FOLDER / lock
    python = folder / "bin" / "python"
    stamp = f"{sys.version_info[:2]} {folder} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    kept = folder / "installed"
    if kept.is_file() and kept.read_text(encoding="utf-8") == stamp:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    bootstrap = runpy.run_path(str(ROOT / "bin" / "bootstrap.py"))
    settings = bootstrap["_index_settings"](pip=[sys.executable, str(bootstrap["PIP"] / "pip")])
    environment = {**bootstrap["_environment"](), **settings}
    uv = str(Path(sys.executable).with_name("uv"))
    pinned = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(path)]
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(folder)],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *pinned],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
            raise UnableToInstall(
                f"The packages of {path.relative_to(ROOT)} could not be installed: {lines[-1].strip()}"
            )
    kept.write_text(stamp, encoding="utf-8")
    return python


def plain_environment(**more: str) -> dict[str, str]:
    """Return the caller's environment without what would change which packages a peer sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, **more}
