"""`kraken-migrate`: commands for operators, who need neither a checkout nor the local stack."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Only now: importing the package alone must cost nothing.
    from kraken_import.cli.app import app

    app()
