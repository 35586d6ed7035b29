"""`make new-dialect`: writes the files of a dialect, to be filled in; the conformance tests say with what."""

import keyword
import re
import string
import sys
from pathlib import Path

from kraken_import.airflow.pools import pools
from kraken_import.local.airflow import POOLS
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import running
from kraken_import.local.settings import ROOT, Wishes, require_checkout
from transforms.registry import dialect_names

_SKELETON = Path(__file__).resolve().parent / "skeleton"


class UnableToAddDialect(StackProblem):
    """The name is invalid for a dialect, or another dialect has it."""


def new_dialect(*, wishes: Wishes) -> None:
    """Write the skeleton of dialect NAME and say what to do next. Raises UnableToAddDialect."""
    name = wishes.name
    if name is None:
        raise UnableToAddDialect("Say what it is to be called: make new-dialect NAME=acme_accounts.")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise UnableToAddDialect(
            "NAME must be small letters, digits and underscores, beginning with a letter, no Python word: "
            f"for example acme_accounts, not {name!r}."
        )
    if name in dialect_names():
        raise UnableToAddDialect(f"There is a dialect {name} already: see transforms/dialects.")
    require_checkout(command="new-dialect")
    files = _files(name=name)
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


def _files(*, name: str) -> dict[str, str]:
    title = name.replace("_", " ").capitalize()
    values = {"name": name, "title": title}
    filled = {
        file.stem: string.Template(file.read_text(encoding="utf-8")).substitute(values)
        for file in _SKELETON.glob("*.txt")
    }
    return {
        f"transforms/dialects/{name}.py": filled["dialect.py"],
        **{
            f"sql/extract/{name}/{query}.sql": filled[f"{query}.sql"]
            for query in ("accounts", "customers", "candidates", "existing")
        },
        f"sql/plan/{name}/candidates.sql": filled["plan_candidates.sql"],
        f"tests/samples/{name}/payload.json": "{}\n",
        f"tests/samples/{name}/frames/accounts.json": "[]\n",
        f"tests/samples/{name}/frames/customers.json": "[]\n",
    }
