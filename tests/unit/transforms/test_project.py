"""A project of a utility's own: where it is, its SQL over the package's, its dialects beside those there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests import projects
from transforms import registry, sources, sql_files
from transforms.additions import BadAddition
from transforms.dialect import Column
from transforms.extending import Changes, UnableToExtend, extend
from transforms.extract import balances_sql, frame_sql
from transforms.lineage import lineage
from transforms.project import BadProject, OtherVersionRequired, located, project, require_project
from transforms.registry import (
    BrokenDialect,
    UnknownDialect,
    delivered_dialect,
    dialect_names,
    get_dialect,
    problem_of,
    usable_dialects,
)
from transforms.selection import rule_names

BeginProject = Callable[..., Path]
EXTENDS = '''"""Acme's accounts."""

from transforms.extending import Changes, extend
from transforms.registry import delivered_dialect

DIALECT = extend(delivered_dialect(name="edf_accounts"), name="{name}", changes=Changes(title="Acme"))
'''
ACME = EXTENDS.format(name="port_accounts")
CUSTOMERS = "SELECT 1 AS ours"


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[BeginProject]:
    """Write a project, and work with it until the end of the test."""
    with ExitStack() as stack:

        def start(**files: str) -> Path:
            folder = projects.write(folder=tmp_path / "acme", files=files)
            return stack.enter_context(projects.in_force(folder=folder))

        yield start


def with_acme(**files: str) -> dict[str, str]:
    return {
        "kraken-migrate.toml": 'dialects = ["port_accounts"]',
        "dialects/port_accounts.py": ACME,
        **files,
    }


def test_it_is_the_folder_that_the_variable_names_or_the_nearest_one_upwards(tmp_path: Path) -> None:
    outer, inner = tmp_path, tmp_path / "inner"
    (inner / "deep").mkdir(parents=True)
    assert located(environment={}, folder=inner / "deep") is None
    (outer / "kraken-migrate.toml").touch()
    assert located(environment={}, folder=inner / "deep") == (outer, "the working folder")
    (inner / "kraken-migrate.toml").touch()
    assert located(environment={}, folder=inner / "deep") == (inner, "the working folder")
    named = {"KRAKEN_MIGRATE_PROJECT": str(outer)}
    assert located(environment=named, folder=inner) == (outer, "KRAKEN_MIGRATE_PROJECT")
    assert located(environment={"KRAKEN_MIGRATE_PROJECT": " "}, folder=inner) == (inner, "the working folder")


def test_a_working_folder_that_is_gone_or_closed_has_no_project_and_hinders_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        # The superuser may read every folder.
        patch.setattr(Path, "is_file", closed)
        assert located(environment={}, folder=tmp_path) is None
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert located(environment={}) is None
    named = {"KRAKEN_MIGRATE_PROJECT": str(tmp_path)}
    assert located(environment=named) == (tmp_path, "KRAKEN_MIGRATE_PROJECT")
    # monkeypatch goes back to the folder that it came from, and asks for this one first.
    monkeypatch.chdir(tmp_path)


def test_without_a_project_everything_is_the_packages_own() -> None:
    assert project() is None
    assert "edf_accounts" in dialect_names()
    assert frame_sql(dialect="edf_accounts", name="customers").is_file()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("requires = 1", "says requires without quotes"),
        ('dialects = "port_accounts"', "says dialects, which is a list"),
        ("legacy_dsn = hush", r"cannot be read \(TOMLDecodeError\)"),
        ('requires = "about 1"', "which is no range of versions"),
        ("dialects = []", "names no dialect: name some, or leave dialects out"),
        ('dialect = ["port_accounts"]', "says dialect, which nothing reads: is dialects meant?"),
        ('legacy_dns = "hush"', "says legacy_dns, which nothing reads: is legacy_dsn meant?"),
        (
            "nonsense = 1",
            "says nonsense, which is not a text with a name that is known: write tracking_dsn, ",
        ),
    ],
)
def test_a_file_that_cannot_be_meant_is_one_sentence_without_what_it_holds(
    begin: BeginProject, text: str, sentence: str
) -> None:
    begin(**{"kraken-migrate.toml": text})
    with pytest.raises(BadProject, match=sentence) as refused:
        dialect_names()
    assert "\n" not in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_variable_that_names_no_project_is_one_sentence(tmp_path: Path) -> None:
    with projects.in_force(folder=tmp_path), pytest.raises(BadProject, match=r"has no kraken-migrate\.toml"):
        dialect_names()


def test_a_project_for_another_version_is_refused_and_one_for_this_is_not(
    begin: BeginProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(**{"kraken-migrate.toml": 'requires = ">=0.1,<0.2"'})
    monkeypatch.setattr("transforms.project.installed_version", lambda: "0.1.3")
    assert project()
    projects.forget()
    monkeypatch.setattr("transforms.project.installed_version", lambda: "0.2.0")
    with pytest.raises(OtherVersionRequired, match=r"and 0\.2\.0 is installed") as refused:
        dialect_names()
    assert str(folder) in str(refused.value)
    # A checkout that is not installed is no release.
    monkeypatch.setattr("transforms.project.installed_version", lambda: None)
    assert project()


def test_a_dag_file_of_another_project_is_refused(begin: BeginProject, tmp_path: Path) -> None:
    folder = begin()
    require_project(folder=folder)
    other = projects.write(folder=tmp_path / "other", files={})
    with pytest.raises(BadProject, match=f"set KRAKEN_MIGRATE_PROJECT={other} for every component"):
        require_project(folder=other)
    with pytest.raises(BadProject, match=r"has no kraken-migrate\.toml: keep the file in the dags/"):
        require_project(folder=tmp_path)
    projects.forget()


def test_a_file_of_the_project_wins_and_everything_else_comes_from_the_package(begin: BeginProject) -> None:
    folder = begin(
        **with_acme(
            **{
                "sql/extract/edf_accounts/customers.sql": CUSTOMERS,
                "sql/extract/shared/notes.sql": CUSTOMERS,
                "sql/plan/edf_accounts/first_ones.sql": "SELECT * FROM candidate",
                "sql/reconcile/edf_accounts/balances.sql": CUSTOMERS,
            }
        )
    )
    ours = folder / "sql" / "extract"
    assert frame_sql(dialect="edf_accounts", name="customers") == ours / "edf_accounts" / "customers.sql"
    assert frame_sql(dialect="plenitude_accounts", name="notes") == ours / "shared" / "notes.sql"
    accounts = frame_sql(dialect="edf_accounts", name="accounts")
    assert not accounts.is_relative_to(folder)
    assert balances_sql(dialect="edf_accounts").is_relative_to(folder)
    assert {"first_ones", "all", "billing_cycle"} <= set(rule_names(dialect="edf_accounts"))


def test_a_dialect_that_extends_another_has_its_own_sql_first_and_then_the_parents(
    begin: BeginProject,
) -> None:
    folder = begin(
        **with_acme(
            **{
                "sql/extract/port_accounts/customers.sql": CUSTOMERS,
                "sql/extract/edf_accounts/customers.sql": "SELECT 1 AS theirs",
                "sql/extract/edf_accounts/accounts.sql": "SELECT 1 AS theirs",
            }
        )
    )
    ours = folder / "sql" / "extract"
    assert frame_sql(dialect="port_accounts", name="customers") == ours / "port_accounts" / "customers.sql"
    assert frame_sql(dialect="port_accounts", name="accounts") == ours / "edf_accounts" / "accounts.sql"
    assert frame_sql(dialect="port_accounts", name="notes") == frame_sql(dialect="edf_accounts", name="notes")
    assert balances_sql(dialect="port_accounts") == balances_sql(dialect="edf_accounts")
    assert rule_names(dialect="port_accounts") == rule_names(dialect="edf_accounts")


def test_a_dialect_that_extends_another_has_its_frames_model_and_additions(begin: BeginProject) -> None:
    addition = '[customers.columns.password]\nkind = "text"\nmeaning = "Ours."\n'
    addition += 'field = "customer_preferences.partner_password"\n'
    begin(**with_acme(**{"sql/extract/edf_accounts/columns.toml": addition}))
    acme, edf = get_dialect(name="port_accounts"), delivered_dialect(name="edf_accounts")
    assert (acme.name, acme.parent, acme.title, acme.market) == (
        "port_accounts",
        "edf_accounts",
        "Acme",
        "GB",
    )
    assert acme.model is edf.model
    (customers,) = (frame for frame in acme.frames if frame.name == "customers")
    assert "password" in customers.column_names
    with pytest.raises(UnknownDialect, match="the dialects are port_accounts"):
        get_dialect(name="edf_accounts")


def test_several_clients_of_one_dialect_live_side_by_side(begin: BeginProject) -> None:
    begin(
        **with_acme(
            **{
                "kraken-migrate.toml": "",
                "dialects/beta_accounts.py": EXTENDS.format(name="beta_accounts"),
                "dialects/_shared.py": "raise ValueError",
                "dialects/README.md": "Ours.",
            }
        )
    )
    assert {"port_accounts", "beta_accounts", "edf_accounts"} <= set(usable_dialects())
    assert not [name for name in dialect_names() if "shared" in name or "README" in name]


def test_modules_of_a_projects_dialects_share_code_by_relative_imports(begin: BeginProject) -> None:
    begin(
        **{
            "dialects/_names.py": "NAME = 'port_accounts'\n",
            "dialects/port_accounts/__init__.py": ACME.replace('"port_accounts"', "NAME").replace(
                "DIALECT", "from .._names import NAME\n\nDIALECT"
            ),
        }
    )
    assert get_dialect(name="port_accounts").name == "port_accounts"


def test_codes_columns_and_fields_are_changed_by_name(begin: BeginProject) -> None:
    begin()
    edf = delivered_dialect(name="edf_accounts")
    frame, column = next(
        (frame.name, column) for frame in edf.frames for column in frame.columns if column.kind == "code"
    )
    assert column.codes is not None
    codes = {"OURS": next(iter(column.codes.values()))}
    changes = Changes(codes={f"{frame}.{column.name}": codes}, default_values={"tariff_codes": {"A": "B"}})
    acme = extend(edf, name="port_accounts", changes=changes)
    (changed,) = (
        each for one in acme.frames if one.name == frame for each in one.columns if each.name == column.name
    )
    assert changed.codes == codes
    assert acme.default_values["tariff_codes"] == {"A": "B"}
    for wrong, sentence in (
        (Changes(codes={"nothing.at_all": {}}), "There is no frame 'nothing' to change"),
        (Changes(codes={f"{frame}.nothing": {}}), f"Frame {frame} has no column 'nothing' with codes"),
        (Changes(frames=(edf.root,)), "has a frame accounts"),
    ):
        with pytest.raises(UnableToExtend, match=sentence):
            extend(edf, name="port_accounts", changes=wrong)
    with pytest.raises(UnableToExtend, match="needs a name of its own"):
        extend(edf, name="edf_accounts")
    words = {"accounts.account_class": {"A": "DOMESTICS"}}
    with pytest.raises(BadAddition, match="makes 'DOMESTICS' of code 'A', which account_type cannot be"):
        extend(edf, name="port_accounts", changes=Changes(codes=words))
    extra = Column(name="ours", kind="text", meaning="Ours.", field="no_such_field")
    with pytest.raises(BadAddition, match="which the model of port_accounts does not have"):
        extend(edf, name="port_accounts", changes=Changes(columns={"accounts": [extra]}))


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (
            "import no_such_module",
            r"port_accounts\.py line 1: No module named 'no_such_module'\): correct it",
        ),
        ("DIALECT = (", r"SyntaxError, port_accounts\.py line 1"),
        ("DIALECT = 1", "must define DIALECT, a Dialect with name='port_accounts'"),
        (EXTENDS.format(name="other_accounts"), "must define DIALECT"),
        (ACME.replace("edf_accounts", "efd_accounts"), "There is no dialect 'efd_accounts' to extend"),
    ],
)
def test_a_dialect_that_cannot_be_loaded_hides_only_itself(
    begin: BeginProject, module: str, sentence: str
) -> None:
    begin(**{"dialects/port_accounts.py": module})
    assert "port_accounts" in dialect_names()
    assert "port_accounts" not in usable_dialects()
    assert "edf_accounts" in usable_dialects()
    with pytest.raises(BrokenDialect, match=sentence) as refused:
        get_dialect(name="port_accounts")
    assert "\n" not in str(refused.value)
    assert problem_of(name="port_accounts") == str(refused.value)
    assert get_dialect(name="plenitude_accounts")


def test_two_dialects_of_one_name_are_named_with_both_places(begin: BeginProject) -> None:
    folder = begin(**{"dialects/edf_accounts.py": ACME})
    with pytest.raises(BrokenDialect, match="Two dialects are called edf_accounts") as refused:
        get_dialect(name="edf_accounts")
    assert "transforms/dialects/edf_accounts" in str(refused.value)
    assert str(folder / "dialects" / "edf_accounts.py") in str(refused.value)
    assert "plenitude_accounts" in usable_dialects()


def test_a_module_and_a_folder_of_one_name_are_two_dialects(begin: BeginProject) -> None:
    folder = (
        begin(**{"dialects/bay_accounts.py": ACME, "dialects/bay_accounts/__init__.py": ACME}) / "dialects"
    )
    told = str(problem_of(name="bay_accounts"))
    assert f"called bay_accounts, in {folder / 'bay_accounts'} and in {folder / 'bay_accounts.py'}" in told


def test_a_project_without_dialects_of_its_own_uses_the_packages_with_its_own_sql(
    begin: BeginProject,
) -> None:
    begin(
        **{
            "kraken-migrate.toml": 'dialects = ["plenitude_accounts"]',
            "sql/extract/plenitude_accounts/accounts.sql": CUSTOMERS,
        }
    )
    assert dialect_names() == usable_dialects() == ("plenitude_accounts",)
    assert get_dialect(name="plenitude_accounts")


def test_a_dialect_that_is_named_and_not_there_is_one_sentence_and_the_others_go_on(
    begin: BeginProject,
) -> None:
    folder = begin(**{"kraken-migrate.toml": 'dialects = ["plenitude_accounts", "port_acounts"]'})
    sentence = problem_of(name="port_acounts")
    assert sentence is not None
    assert f"{folder}/kraken-migrate.toml names the dialect 'port_acounts', which is not there" in sentence
    assert usable_dialects() == ("plenitude_accounts",)


@pytest.mark.parametrize(
    ("file", "name", "sentence"),
    [
        ("Acme.py", "Acme", "rename it"),
        ("shared.py", "shared", "sql/extract/shared/ is for all dialects: rename it"),
        ("bay_accounts/dialect.py", "bay_accounts", r"has no __init__\.py, which must define DIALECT"),
    ],
)
def test_a_file_that_cannot_be_a_dialect_says_so(
    begin: BeginProject, file: str, name: str, sentence: str
) -> None:
    beside = ("__pycache__/x.py", "_more/x.py", ".git/x.py", "port_accounts/more.py")
    files = {**dict.fromkeys(beside, ""), "port_accounts.py": ACME, file: ACME}
    begin(**{f"dialects/{each}": text for each, text in files.items()})
    assert problem_of(name="port_accounts") is None
    assert re.search(sentence, str(problem_of(name=name)))
    assert not [each for each in dialect_names() if each.startswith("_")]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("sql/extract/port_accounts/custommers.sql", r"is customers\.sql meant\?"),
        ("sql/extract/edf_accounts/customers.sql.bak", r"is customers\.sql meant\?"),
        ("sql/extract/port_acounts/customers.sql", r"is port_accounts meant\?"),
        ("sql/extrakt/port_accounts/customers.sql", r"is extract meant\?"),
        ("sql/tracking/waves.sql", "there is sql/extract/, sql/plan/"),
        ("sql/customers.sql", "in a folder like sql/extract/edf_accounts/"),
        ("sql/extract/customers.sql", "in a folder like"),
        ("sql/extract/shared/user_detials.sql", r"is user_details\.sql meant\?"),
        ("sql/extract/shared/columns.toml", "a dialect's own folder, like sql/extract/port_accounts/"),
        ("sql/extract/shared/accounts.SQL", r"is accounts\.sql meant\?"),
        ("sql/extract/port_accounts/x.sql", "correct its name"),
        ("sql/plan/port_accounts/candidats.sql", r"or is candidates\.sql meant\?"),
        ("sql/reconcile/port_accounts/balance.sql", r"is balances\.sql meant\?"),
        ("sql/legacy_writeback/port_accounts/holds.sql", r"is hold\.sql meant\?"),
    ],
)
def test_a_file_of_the_projects_sql_that_nothing_reads_is_refused(
    begin: BeginProject, file: str, sentence: str
) -> None:
    begin(**with_acme(**{file: "SELECT 1"}))
    with pytest.raises(BadProject, match=f"{file} of the project .* is read by nothing: .*{sentence}") as bad:
        get_dialect(name="port_accounts")
    assert "\n" not in str(bad.value)


def test_a_checkout_that_says_where_its_systems_are_is_no_project_over_itself(
    begin: BeginProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(**{"sql/tracking/waves.sql": "SELECT 1", "sql/extract/edf_accounts/x.sql": "SELECT 1"})
    monkeypatch.setattr("transforms.sql_files.FOLDER", folder / "sql")
    assert sql_files.overlay() is None
    assert get_dialect(name="edf_accounts")


def test_what_people_write_beside_the_sql_is_left_alone(begin: BeginProject) -> None:
    begin(
        **with_acme(
            **{
                "sql/README.md": "Ours.",
                "sql/extract/.sqlfluff": "",
                "sql/extract/port_accounts/a.txt": "",
            }
        )
    )
    assert get_dialect(name="port_accounts")


def test_the_lineage_reads_the_projects_sql(begin: BeginProject) -> None:
    own = "SELECT konto.nr AS external_identifier, konto.plz AS billing_postcode FROM sap.konto"
    skeleton = (
        Path(registry.__file__).parents[1] / "plugins/kraken_import/cli/skeleton/dialect/dialect.py.txt"
    ).read_text()
    begin(
        **{
            "dialects/port_accounts.py": skeleton.replace("$name", "port_accounts").replace("$title", "Acme"),
            "sql/extract/port_accounts/accounts.sql": own,
            "sql/extract/port_accounts/customers.sql": "SELECT nr AS external_identifier, p AS customer_key, "
            "v AS given_name, n AS family_name, e AS email, m AS mobile FROM sap.konto",
        }
    )
    assert str(lineage(name="port_accounts")["billing_postcode"]) == "sap.konto.plz"


def test_another_package_brings_a_dialect_with_its_sql(
    begin: BeginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "acme_kraken"
    files = {"__init__.py": ACME, "sql/extract/port_accounts/customers.sql": CUSTOMERS}
    projects.write(folder=package, files=files)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    points = [
        EntryPoint(name="port_accounts", value="acme_kraken", group=sources.GROUP),
        EntryPoint(name="gone_accounts", value="acme_gone.dialect", group=sources.GROUP),
    ]
    monkeypatch.setattr(sources, "entry_points", lambda **_: points)
    folder = begin()
    assert "port_accounts" in usable_dialects()
    assert frame_sql(dialect="port_accounts", name="customers").is_relative_to(package)
    assert frame_sql(dialect="port_accounts", name="accounts") == frame_sql(
        dialect="edf_accounts", name="accounts"
    )
    assert "acme_gone.dialect, which is not there" in str(problem_of(name="gone_accounts"))
    projects.write(folder=folder, files={"sql/extract/port_accounts/customers.sql": CUSTOMERS})
    assert frame_sql(dialect="port_accounts", name="customers").is_relative_to(folder)
