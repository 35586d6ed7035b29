"""`LEGACY_DSN=… python -m kraken_import.generator --accounts 1000000 --seed 7`: refill a legacy database."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from transforms.database import DatabaseInterrupted, UnableToQuery, engine_to, fault_of


def main() -> int:
    """Fill the database. Returns 1, after one sentence, when it cannot be done."""
    parser = argparse.ArgumentParser(prog="legacy", description="Empty a legacy database and fill it.")
    parser.add_argument(
        "--dsn",
        help="postgresql://… of a database whose schema legacy may be dropped; with a password it stands in "
        "LEGACY_DSN, or in the file that LEGACY_DSN_FILE names",
    )
    parser.add_argument("--accounts", type=int, default=10_000, help="customers in all dialects together")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dialect", choices=load.generated_dialects(), help="for this dialect only")
    options = parser.parse_args()
    if options.accounts < 0:
        parser.error("--accounts must be 0 or more")
    dialects = [options.dialect] if options.dialect else list(load.generated_dialects())
    share, rest = divmod(options.accounts, len(dialects))
    customers = {dialect: share + (place < rest) for place, dialect in enumerate(dialects)}
    started = time.monotonic()
    engine = engine_to(_dsn(parser=parser, option=options.dsn), poolclass=NullPool)

    def tell(line: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {line}", flush=True)

    try:
        load.fill(engine=engine, customers=customers, seed=options.seed, tell=tell)
    except (load.NotTheGenerators, UnableToQuery, DatabaseInterrupted) as error:
        print(error, file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        host = engine.url.render_as_string(hide_password=True)
        print(f"Filling the legacy database at {host} {fault_of(error=error).reason}.", file=sys.stderr)
        return 1
    tell(f"{options.accounts:,} customers from seed {options.seed}: done")
    return 0


def _dsn(*, parser: argparse.ArgumentParser, option: str | None) -> str:
    """The DSN of the option, of the environment, or of the file that this names."""
    path = os.environ.get("LEGACY_DSN_FILE", "")
    try:
        dsn = (
            option or os.environ.get("LEGACY_DSN") or (Path(path).read_text(encoding="utf-8") if path else "")
        )
        url = make_url(dsn.strip())
    except (OSError, ValueError, ArgumentError):
        # Not the error's own words: they may have the password in them.
        parser.error("name the database by LEGACY_DSN, LEGACY_DSN_FILE or --dsn, as postgresql://…")
    if option and url.password is not None:
        parser.error("--dsn holds a password, which other users of this machine can read: use LEGACY_DSN")
    return dsn


if __name__ == "__main__":
    sys.exit(main())
