"""Every command in the documentation is one that exists, is understood, and does what it is there for.

`kraken-migrate …` runs against one real tracking database, a legacy database and the stand-in. Only
understood, and not run, are the commands in `IN_AIRFLOW`: they start runs, which
`tests/integration/airflow/test_runs.py` does with them beside a real Airflow. `make …` is read by make
(`--dry-run`), and its variables by what reads them: each target needs a checkout, a stack of its own, or
minutes, and has tests of its own.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import URL, Engine

from kraken_import.cli.app import app
from kraken_import.local.settings import read_wishes
from tests import projects
from tests.command_lines import command_line
from tests.conftest import ROOT
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import park, rerun
from tests.integration.usecases.test_watch import plan

SOUND, REJECTED = "GB-000000001", "GB-000000125"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
IN_AIRFLOW = {("wave", "run"), ("wave", "clear"), ("rerun",), ("reconcile",)}
UNDER_WAY = ["plan", "wave list", "wave pause", "wave resume", "wave cancel", "record decide"]
"""What is for a wave that has not ended."""
LAST = [
    *("late-changes", "own", "erase", "wave close", "wave open", "purge", "archive"),
    *("wave stop-all", "db take-over", "hold add", "hold list", "hold end", "restored"),
]
REFUSED = {("legacy-check",)}
"""The role of the tests may write to the legacy database, which is not well."""
STANDS_FOR = {
    "EXTERNAL-1234": "GB-000000001",
    "12": "{spare}",
    "postgresql://owner@host/tracking": "{owner}",
    "postgresql://reader@127.0.0.1:5432/legacy": "{legacy}",
    "/var/archive/kraken": "{folder}/archive",
    "10000": "20",
    "1000": "20",
}
"""What the examples name, and the test has under another name."""


VALUES = {
    "DIALECT": "edf_accounts",
    "NAME": "acme_accounts",
    "TRACKING_DSN": "postgresql://a@b/c",
    "TRACKING_OWNER_DSN": "postgresql://a@b/c",
    "LEGACY_DSN": "postgresql://a@b/c",
}


def _blocks(page: str) -> Iterator[str]:
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"^ {4}((?:kraken-migrate|make) .*)$", page, re.MULTILINE)


def _documented(program: str) -> list[tuple[str, bool]]:
    """Each command of a program once, with whether it is an example, or only spoken of in a sentence."""
    found: dict[str, bool] = {}
    for page in (path.read_text(encoding="utf-8") for path in PAGES):
        for line in map(str.strip, _blocks(page)):
            if line.startswith(f"{program} "):
                found[shlex.join(shlex.split(line, comments=True))] = True
        prose = re.sub(r"^ *```\w*\n.*?^ *```", "", page, flags=re.MULTILINE | re.DOTALL)
        for said in re.findall(rf"`({program} [^`]*)`", prose):
            found.setdefault(shlex.join(shlex.split(said.replace("\\", ""))), False)
    return sorted(found.items())


def _paths(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from _paths(command, *path, name)


COMMANDS = dict(_paths(typer.main.get_command(app)))


def _path(words: list[str]) -> tuple[str, ...]:
    """The longest path of a command that these words begin with."""
    return max((path for path in COMMANDS if tuple(words[: len(path)]) == path), key=len, default=())


def _rank(path: tuple[str, ...]) -> int:
    name = " ".join(path)
    if name in UNDER_WAY:
        return UNDER_WAY.index(name)
    return len(UNDER_WAY) + (LAST.index(name) + 1 if name in LAST else 0)


def _examples() -> list[list[str]]:
    """Commands that are complete. Fails for one that does not exist or is not understood."""
    found = []
    for line, is_example in _documented("kraken-migrate"):
        words = shlex.split(line)[1:]
        if words[0].startswith("-"):
            assert words[0] in ("--help", "--install-completion", "--version"), line
            continue
        path = _path(words)
        assert path, f"There is no command {line}"
        rest = words[len(path) :]
        if not is_example and (not rest or "…" in line):
            # A sentence may name a command without what it is about, and a group of them.
            continue
        assert not hasattr(COMMANDS[path], "commands"), line
        if "--help" not in rest:
            COMMANDS[path].make_context(path[-1], list(rest))
            found.append(words)
    return sorted(found, key=lambda words: (_rank(_path(words)), words))


def _dsn(engine: Engine) -> str:
    # An option with a password in it would be refused.
    url = URL.create("postgresql", engine.url.username, None, engine.url.host, engine.url.port)
    return url.set(database=engine.url.database).render_as_string(hide_password=False)


def _passwords(file: Path, *engines: Engine) -> str:
    file.touch(mode=0o600)
    file.write_text("".join(f"*:*:*:{each.url.username}:{each.url.password}\n" for each in engines))
    return str(file)


@pytest.fixture
def world(begin: BeginJourney) -> Journey:
    """A legacy database with customers, a stand-in, and a cohort that waits."""
    journey = begin(customers=150)
    with journey.tracking_superuser.begin() as connection:
        plan(connection, "leeds-1", "edf_accounts", "2027-03-01")
        connection.exec_driver_sql("ALTER TABLE migration.rerun ALTER COLUMN id RESTART WITH 7")
    return journey


def _under_way(journey: Journey) -> tuple[int, int]:
    """The wave pilot, one of whose customers is parked, and another one. Returns their ids."""
    pilot = journey.valid_wave(limit=None, identifiers=(SOUND, REJECTED), name="pilot")
    park(journey, SOUND)
    return pilot, journey.valid_wave(limit=2)


def _ended(journey: Journey, pilot: int) -> None:
    """Pilot with everybody in Kraken, one of them by rerun 7, and a payment that came too late."""
    journey.finish(pilot)
    journey.summarise(pilot)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = '{REJECTED}'"
        )
    assert rerun(journey, wave="pilot").failure is None
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.ledger_transaction SET recorded_at = now() + interval '2 minutes' "
            "WHERE ledger_id = (SELECT min(ledger_id) FROM legacy.ledger JOIN legacy.account "
            f"USING (account_id) WHERE account_number = '{SOUND}')"
        )


@pytest.mark.proof
def test_every_documented_command_is_understood_and_works(
    world: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    (tmp_path / "reports").mkdir()
    pilot, spare = _under_way(world)
    names = {
        "tracking": _dsn(world.tracking),
        "owner": _dsn(world.tracking_superuser),
        "legacy": _dsn(world.legacy),
        "folder": tmp_path,
        "spare": spare,
    }
    places = {
        "TRACKING_DSN": names["tracking"],
        "TRACKING_OWNER_DSN": names["owner"],
        "LEGACY_DSN": names["legacy"],
        "KRAKEN_URL": world.simulator.url,
        "KRAKEN_TOKEN": world.simulator.token,
        "WAVE_KEYS": world.keys.text,
        "PGPASSFILE": _passwords(
            tmp_path / "passwords", world.tracking, world.tracking_superuser, world.legacy
        ),
    }
    project = tmp_path / "project"
    assert run("init", str(project), "--dialect", "edf_accounts", "--name", "acme_accounts").exit_code == 0
    works: dict[tuple[str, ...], bool] = {}
    has_ended = False
    for words in _examples():
        path = _path(words)
        if path in IN_AIRFLOW:
            continue
        if not has_ended and _rank(path) >= len(UNDER_WAY):
            _ended(world, pilot)
            has_ended = True
        # Pilot is needed to its end.
        stands_for = STANDS_FOR | {
            ("wave", "cancel"): {"pilot": "{spare}"},
            ("dialect", "new"): {"acme_accounts": "brook_accounts"},
            ("dialect", "sample"): {"plenitude_accounts": "acme_accounts"},
        }.get(path, {})
        is_begun = path in (("dialect", "new"), ("dialect", "sample"))
        in_project = is_begun or (path != ("init",) and "acme_accounts" in words)
        with projects.in_force(folder=project) if in_project else nullcontext():
            result = run(*(stands_for.get(word, word).format(**names) for word in words), **places)
        said = f"{words}: {result.exit_code} {result.output}"
        assert result.exit_code in (0, 1), said
        assert result.exception is None or isinstance(result.exception, SystemExit), said
        assert "unexpectedly" not in result.stderr, said
        works[path] = works.get(path, False) or result.exit_code == 0
    assert {path for path, done in works.items() if not done} == REFUSED


def test_every_documented_statement_runs_on_the_databases_it_is_for(world: Journey) -> None:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^ *```sql\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
        found += [(page.name, block) for block in blocks]
        # Quoted for a shell, after psql's -c; its own commands begin with a backslash.
        found += [
            (page.name, said)
            for line in re.findall(r"^.*\bpsql\b.*$", text, re.MULTILINE)
            for said in re.findall(r"-c '([^'\\][^']*)'", line)
        ]
    assert len(found) > 10
    for page, statement in found:
        engine = world.tracking if "migration." in statement else world.legacy_superuser
        with engine.connect() as connection, connection.begin() as transaction:
            try:
                # A percent sign is no parameter.
                connection.execution_options(no_parameters=True).exec_driver_sql(statement)
            except Exception as error:
                raise AssertionError(f"{page}: {statement}") from error
            transaction.rollback()


def test_every_documented_target_of_make_is_there_with_its_variables() -> None:
    found = _documented("make")
    assert len(found) > 50
    for line, _ in found:
        # What stands for a value that is the reader's own is any value.
        words = [word.replace("=…", "=1") for word in shlex.split(line)[1:]]
        done = subprocess.run(
            ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, (line, done.stderr)
        assert [word for word in words if "=" not in word], line
        given = dict(word.split("=", 1) for word in words if "=" in word)
        # A file says the same as the variable that it stands for.
        said = {name.removesuffix("_FILE"): VALUES.get(name, value) for name, value in given.items()}
        read_wishes(environment=said)
