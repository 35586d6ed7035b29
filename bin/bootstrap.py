"""Creates or refreshes .venv, with nothing but the standard library of the Python that runs it.

    python3 bin/bootstrap.py [--chosen]

The installer `uv` comes first, through the pip beside this file, since many Pythons have neither
pip nor ensurepip; then every dependency, pinned by hash; then this project, as an editable distribution, so
that Airflow finds its connection type. Nothing is done when a stamp says that all is there. `--chosen` says
that the user named this Python: an environment made by another version is then built again.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "installed"
# There from the first to the last moment of an installation; at the start it tells of an interrupted one.
UNFINISHED = ENVIRONMENT / "unfinished"
PIP = next((ROOT / "bin").glob("pip-*.whl"))
INSTALLER = ROOT / "bin" / "uv.txt"
REQUIREMENTS = ROOT / "requirements.txt"
INPUTS = (INSTALLER, REQUIREMENTS, ROOT / "pyproject.toml", Path(__file__).resolve())
# What this project's distribution was called before: two names of one project would be two providers.
FORMER_NAMES = ("kraken-migration-pipeline",)
OLDEST, NEWEST = (3, 11), (3, 13)
# Settings of the caller's environment that could change this one.
FOREIGN_VARIABLES = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "PIP_TARGET",
    "PIP_USER",
)


class UnableToInstall(Exception):
    """A sentence for the user."""


def main(arguments: "list[str]") -> int:
    """Ensure that the environment is complete. Returns the exit status."""
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        sys.stderr.write(
            f"Python {found[0]}.{found[1]} is not supported: this project runs on Python 3.11 to 3.13; "
            "name one with `make PYTHON=python3.12 …`.\n"
        )
        return 1
    try:
        (ROOT / ".run").mkdir(exist_ok=True)
        with (ROOT / ".run" / "bootstrap.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _ensure(chosen="--chosen" in arguments)
    except UnableToInstall as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except OSError as problem:
        sys.stderr.write(f"The environment .venv could not be made: {problem}.\n")
        return 1
    return 0


def _ensure(*, chosen: bool) -> None:
    if STAMP.is_file() and STAMP.read_text() == _stamp() and not (chosen and _version() != _own_version()):
        return
    started = time.monotonic()
    if _must_be_built_anew(chosen=chosen):
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    if not (ENVIRONMENT / "bin" / "python").exists():
        _say(f"Creating .venv with Python {platform.python_version()} …")
        # Not sys.executable, which is the environment's own when that runs this script.
        base = getattr(sys, "_base_executable", sys.executable)
        _run(what="create .venv", command=[base, "-m", "venv", "--without-pip", str(ENVIRONMENT)])
    STAMP.unlink(missing_ok=True)
    UNFINISHED.touch()
    _say("Installing the dependencies (pinned by hash, compiled to byte code) …")
    _install()
    STAMP.write_text(_stamp())
    UNFINISHED.unlink()
    _say(f"Installed in {time.monotonic() - started:.0f} s.")


def _say(sentence: str) -> None:
    # Standard output belongs to the command that follows: `make payload` prints only JSON there.
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _must_be_built_anew(*, chosen: bool) -> bool:
    if not ENVIRONMENT.exists():
        return False
    if UNFINISHED.exists() or not (ENVIRONMENT / "bin" / "python").exists():
        return True
    # A checkout that was moved or copied: its scripts still name the old place.
    moved = STAMP.is_file() and STAMP.read_text().split("\n")[0] != str(ENVIRONMENT)
    version = _version()
    return moved or not version or (chosen and version != _own_version())


def _install() -> None:
    python = ENVIRONMENT / "bin" / "python"
    pip = [str(python), str(PIP / "pip")]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    fetch = ["install", "--require-hashes", "--only-binary=:all:", "-r", str(INSTALLER)]
    _run(what="fetch the installer uv", command=[*pip, *quiet, *fetch])
    environment = _index_settings(pip=pip)
    uv, here = [str(ENVIRONMENT / "bin" / "uv"), "pip"], ["--quiet", "--python", str(python)]
    pinned = ["--require-hashes", "--compile-bytecode", "-r", str(REQUIREMENTS)]
    _run(what="install the dependencies", command=[*uv, "install", *here, *pinned], extra=environment)
    _run(what="remove former names", command=[*uv, "uninstall", *here, *FORMER_NAMES], extra=environment)
    project = ["--no-build-isolation", "--no-deps", "--editable", str(ROOT)]
    _run(what="install the project", command=[*uv, "install", *here, *project], extra=environment)


def _index_settings(*, pip: "list[str]") -> "dict[str, str]":
    """What uv must know of a package index that is configured for pip, whose settings it does not read."""
    settings = {"UV_SYSTEM_CERTS": "true", "UV_NO_CONFIG": "1", "UV_HTTP_TIMEOUT": "180"}
    listed = subprocess.run(
        [*pip, "config", "list"], capture_output=True, text=True, check=False, env=_environment()
    )
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.partition(".")
        if section not in ("global", "install", ":env:"):
            continue
        if key == "index-url":
            settings["UV_DEFAULT_INDEX"] = value.strip("'\"")
        if key == "cert":
            settings["SSL_CERT_FILE"] = value.strip("'\"")
    return {name: value for name, value in settings.items() if name not in os.environ}


def _run(*, what: str, command: "list[str]", extra: "dict[str, str] | None" = None) -> None:
    environment = {**_environment(), **(extra or {})}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    log = ROOT / ".run" / "bootstrap.log"
    log.write_text(done.stdout + done.stderr)
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    reason = lines[-1] if lines else f"it ended with {done.returncode}"
    raise UnableToInstall(f"Unable to {what}: {reason} (all of it: {log.relative_to(ROOT)}).")


def _environment() -> "dict[str, str]":
    return {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}


def _stamp() -> str:
    digest = hashlib.sha256()
    for path in INPUTS:
        digest.update(path.read_bytes())
    return f"{ENVIRONMENT}\n{_version()}\n{digest.hexdigest()}\n"


def _version() -> str:
    """The version of the environment's Python; empty when it does not run."""
    configuration = ENVIRONMENT / "pyvenv.cfg"
    if not configuration.is_file() or not os.access(ENVIRONMENT / "bin" / "python", os.X_OK):
        return ""
    for line in configuration.read_text().splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "version":
            return ".".join(value.strip().split(".")[:2])
    return ""


def _own_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
