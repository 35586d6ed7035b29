"""`kraken-migrate dialect new` and `check`: files that begin a dialect, and what they still lack."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from kraken_import.conformance import of_sql
from kraken_import.conformance.samples import samples_of
from kraken_import.usecases.legacy_check.statements import check_files, column_misfits
from tests import projects
from tests.command_lines import Run, command_line, done, is_refused
from tests.conftest import ROOT
from transforms.registry import dialect_names, get_dialect

BUNDLED = dialect_names()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a project of its own."""
    return projects.write(folder=tmp_path, files={})


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command in the project, as a process of its own would."""
    bare = command_line(monkeypatch=monkeypatch, folder=home)

    def in_the_project(*arguments: str) -> Result:
        projects.forget()
        return bare(*arguments, KRAKEN_MIGRATE_PROJECT=str(home))

    with projects.in_force(folder=home):
        yield in_the_project


@pytest.mark.parametrize("name", BUNDLED)
def test_the_sql_that_a_known_dialect_begins_with_passes_the_checks_of_its_files(
    home: Path, run: Run, name: str
) -> None:
    told = done(run("dialect", "new", name, "--legacy"))
    assert f"kraken-migrate legacy-check {name}" in told
    projects.forget()
    dialect = get_dialect(name=name)
    files = check_files(dialect=dialect)
    assert [each.sentence for each in files.misfits] == []
    written = set(home.rglob("*.sql"))
    for statement in files.statements.values():
        assert statement.file in written
        if statement.frame is not None:
            traced = files.traced[statement.name]
            assert list(column_misfits(statement=statement, delivered=traced)) == []
            assert list(traced) == list(statement.columns)
    for column in dialect.frames[0].columns:
        if column.required:
            text = (home / f"sql/extract/{name}/{dialect.frames[0].name}.sql").read_text(encoding="utf-8")
            before = text.split(f" AS {column.name}")[0].rsplit(",\n", maxsplit=1)[-1]
            assert "Required: a blank one refuses the" in re.sub(r"\s*\n\s*-- ", " ", before)
    again = run("dialect", "new", name, "--legacy")
    is_refused(again, 1, "is there already: nothing was written, so move it away first.")


def test_a_dialect_that_extends_another_begins_with_its_sql_and_says_what_it_lacks(
    home: Path, run: Run
) -> None:
    told = done(run("dialect", "new", "acme_accounts", "--like", "plenitude_accounts", "--legacy"))
    assert "  dialects/acme_accounts.py\n" in told
    assert "  sql/extract/acme_accounts/user_details.sql\n" in told
    checked = run("dialect", "check", "acme_accounts", "--json")
    found = json.loads(checked.stdout)
    assert (checked.exit_code, found["errors"], found["warnings"]) == (1, 0, 8)
    codes = [each["code"] for each in found["findings"] if each["severity"] == "warning"]
    assert codes.count("only_null") == 6
    assert codes.count("no_customers") == 2
    lacking = next(each["sentence"] for each in found["findings"] if each["file"].endswith("_points.sql"))
    assert lacking.endswith(
        "has only NULL for external_identifier, supply_address_key, supply_point_key, identifier, fuel: "
        "fill in your columns."
    )


def test_a_dialect_of_its_own_begins_with_a_module_and_sql_to_fill_in(home: Path, run: Run) -> None:
    done(run("dialect", "new", "acme_accounts", "--legacy"))
    sql = (home / "sql" / "extract" / "acme_accounts" / "customers.sql").read_text(encoding="utf-8")
    assert "legacy." not in sql
    assert "CAST(NULL AS text) AS customer_key" in sql
    assert (home / "samples" / "acme_accounts" / "payload.json").is_file()
    told = run("dialect", "check", "acme_accounts").stdout
    assert told.startswith("acme_accounts: 0 errors, 4 warnings, ")


def test_what_is_wrong_with_the_files_of_a_dialect_is_told_without_a_database(home: Path, run: Run) -> None:
    done(run("dialect", "new", "acme_accounts", "--like", "plenitude_accounts"))
    folder = home / "sql" / "extract" / "acme_accounts"
    folder.mkdir(parents=True)
    (folder / "accounts.sql").write_text(
        "SELECT a.vkont AS external_identifier, a.kofiz AS account_clas, :todo AS operations_team\n"
        "FROM sap.fkkvkp AS a WHERE a.vkont = ANY (CAST(:identifiers AS text[]))"
    )
    (folder / "supply_points.sql").write_text(
        "SELECT e.vkonto AS external_identifier, e.vstelle AS supply_address_key,\n"
        "e.anlage AS supply_point_key,\n"
        "e.ext_ui AS identifie, e.sparte AS fuel FROM sap.ever AS e\n"
        "WHERE e.vkonto = ANY (CAST(:identifiers AS text[]))"
    )
    found = json.loads(run("dialect", "check", "acme_accounts", "--json").stdout)["findings"]
    errors = [(each["code"], each["sentence"]) for each in found if each["severity"] == "error"]
    assert [code for code, _ in errors] == ["unknown_parameter", "missing_column"]
    assert "names :todo in line 1, which is not one of its parameters" in errors[0][1]
    assert errors[1][1].endswith(
        "does not deliver column identifier: add it, or rename identifie, which may be meant."
    )


def test_a_bundled_dialect_has_nothing_to_mend(run: Run) -> None:
    for name in BUNDLED:
        assert done(run("dialect", "check", name)).startswith(f"{name}: 0 errors, 0 warnings, ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("new", "Acme"), "must be small letters, digits and underscores"),
        (("new", "edf_accounts"), "There is a dialect edf_accounts already"),
        (("new", "acme_accounts", "--like", "nonsense"), "There is no dialect 'nonsense'"),
        (("new", "acme_accounts", "--folder", "elsewhere"), "elsewhere has no kraken-migrate.toml"),
        (("check", "nonsense"), "There is no dialect 'nonsense'"),
        (("sample", "edf_accounts", "A1", "--name", "../../../away"), "--name must be letters, digits"),
        (("sample", "edf_accounts", "A1", "--name", "frames"), "--name must be letters, digits"),
        (("sample", "edf_accounts", "A1", "--name", ""), "--name must be letters, digits"),
    ],
)
def test_what_cannot_be_begun_is_one_sentence_and_nothing_is_written(
    home: Path, run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    is_refused(run("dialect", *arguments), 2, sentence)
    assert [file.name for file in home.iterdir()] == ["kraken-migrate.toml"]


def test_without_a_project_a_folder_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    projects.forget()
    is_refused(bare("dialect", "new", "acme_accounts"), 2, "There is no project here: make one with `kraken-")


def test_a_constant_where_the_customer_belongs_null_and_a_table_without_schema_are_told(
    home: Path, run: Run
) -> None:
    done(run("dialect", "new", "acme_accounts", "--like", "plenitude_accounts", "--legacy"))
    folder = home / "sql" / "extract" / "acme_accounts"
    (folder / "accounts.sql").write_text(
        "SELECT 'x' AS external_identifier, kofiz AS account_class, NULL AS operations_team\n"
        "FROM fkkvkp WHERE vkont = ANY (CAST(:identifiers AS text[]))"
    )
    found = json.loads(run("dialect", "check", "acme_accounts", "--json").stdout)["findings"]
    told = [each["sentence"].partition("/accounts.sql ")[2] for each in found if "/accounts." in each["file"]]
    assert [each for each in told if each] == [
        "delivers the same external_identifier for every customer: deliver the column that tells who it is.",
        "reads fkkvkp without a schema, so that findings name no column in full and the dialect's tests "
        "fail: write the schema before the table.",
    ]
    (of_sample,) = (each["sentence"] for each in found if each["code"] == "only_null" and not each["file"])
    assert "operations_team of accounts.sql" in of_sample


def test_a_list_that_stays_as_it_was_begun_passes_where_the_sample_has_none_of_it(
    home: Path, run: Run
) -> None:
    done(run("dialect", "new", "acme_accounts", "--like", "plenitude_accounts", "--legacy"))
    theirs = ROOT / "sql" / "extract" / "plenitude_accounts"
    for file in theirs.glob("*.sql"):
        if file.stem != "user_details":
            shutil.copy(file, home / "sql" / "extract" / "acme_accounts")
    projects.forget()
    (guides,) = samples_of(dialect=get_dialect(name="acme_accounts"))
    with pytest.raises(AssertionError, match=r"only NULL stands for .*namespace of user_details\.sql"):
        of_sql.test_no_query_delivers_null_for_what_is_needed(guides)
    payload = guides.payload
    for customer in payload["customers"]:
        customer.pop("user_details", None)
    projects.write(folder=home / "samples" / "acme_accounts", files={"payload.json": json.dumps(payload)})
    projects.forget()
    (own,) = samples_of(dialect=get_dialect(name="acme_accounts"))
    of_sql.test_no_query_delivers_null_for_what_is_needed(own)


def test_names_are_those_of_the_project_that_is_written_into(home: Path, run: Run, tmp_path: Path) -> None:
    done(run("dialect", "new", "acme_accounts", "--like", "edf_accounts"))
    other = projects.write(folder=tmp_path / "other", files={})
    there = ("--folder", str(other))
    # Taken here, and free there.
    done(run("dialect", "new", "acme_accounts", "--like", "edf_accounts", *there))
    again = run("dialect", "new", "acme_accounts", "--like", "edf_accounts", *there)
    is_refused(again, 2, f"There is a dialect acme_accounts already: see {other}/dialects/acme_accounts.")
    done(run("dialect", "new", "brook_accounts", "--like", "edf_accounts", *there))
    unknown = run("dialect", "new", "brook_accounts", "--legacy", *there)
    is_refused(unknown, 2, f"brook_accounts is a dialect of {other}: run the command in that folder.")
    done(run("dialect", "new", "cove_accounts", "--like", "edf_accounts"))
    is_refused(
        run("dialect", "new", "dune_accounts", "--like", "cove_accounts", *there),
        2,
        f"{other} has no dialect cove_accounts to extend: there are ",
    )
