"""The versions that the tests run with, for pip's --constraint: `python -m kraken_import.cli.constraints`.

They come with the wheel, and nothing but Python is needed to print them: they are asked for before anything
else is installed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

_NAME: Final = "requirements.txt"
_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*==[^\s\\]+(?: ;[^\\\n]*)?)", re.MULTILINE)


def constraints() -> str:
    """Return a line for each locked version, without hashes: pip would then demand one of the wheel too."""
    return "".join(f"{pin.strip()}\n" for pin in _PIN.findall(_lock().read_text(encoding="utf-8")))


def _lock() -> Path:
    """Return the lock: in the package where that is installed, at the top of a checkout otherwise."""
    beside = Path(__file__).resolve().parents[1] / _NAME
    return beside if beside.is_file() else Path(__file__).resolve().parents[3] / _NAME


if __name__ == "__main__":
    sys.stdout.write(constraints())
