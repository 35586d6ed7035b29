"""`make new-dialect`: writes the files of a dialect, to be filled in; the conformance tests say with what."""

import sys

from kraken_import.airflow.pools import pools
from kraken_import.cli.problems import WrongUsage
from kraken_import.cli.skeletons import check_name, dialect_files
from kraken_import.local.airflow import POOLS
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import running
from kraken_import.local.settings import ROOT, Wishes, require_checkout


class UnableToAddDialect(StackProblem):
    """The name is invalid for a dialect, or another dialect has it."""


def new_dialect(*, wishes: Wishes) -> None:
    """Write the skeleton of dialect NAME and say what to do next. Raises UnableToAddDialect."""
    name = wishes.name
    if name is None:
        raise UnableToAddDialect("Say what it is to be called: make new-dialect NAME=acme_accounts.")
    try:
        check_name(name=name, option="NAME")
    except WrongUsage as wrong:
        raise UnableToAddDialect(str(wrong)) from None
    require_checkout(command="new-dialect")
    files = dialect_files(name=name, dialects="transforms/dialects", samples="tests/samples")
    for file, text in files.items():
        path = ROOT / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _make_pool(name=name)
    sys.stdout.write(
        f"{name} was created, and is empty:\n"
        + "".join(f"  {file}\n" for file in files)
        + "\nNext: docs/how-to/add-a-dialect.md. This says what is missing:\n"
        f"  .venv/bin/python -m pytest -q --tb=line tests/unit/transforms -k {name}\n"
    )


def _make_pool(*, name: str) -> None:
    """Give the dialect its pool in a stack that is up, where its DAG appears before the next `make up`."""
    found = running()
    if found is None:
        return
    api = found.airflow()
    try:
        api.put_pools(pools=pools(prefix=POOLS, dialects=[name]), anew=False)
    finally:
        api.close()
