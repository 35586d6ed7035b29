"""The samples of the conformance tests: the project's, then the package's, file by file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kraken_import.conformance import of_payloads, of_sql
from kraken_import.conformance.samples import TODAY, misfit_of, samples_of
from tests import projects
from tests.conftest import ROOT
from transforms.registry import get_dialect

DIALECT = """
from transforms.dialect import Column
from transforms.extending import Changes, extend
from transforms.registry import delivered_dialect

PASSWORD = Column(
    name="password", kind="text", meaning="Ours.", field="customer_preferences.partner_password"
)
DIALECT = extend(
    delivered_dialect(name="edf_accounts"),
    name="port_accounts",
    changes=Changes(columns={"customers": [PASSWORD]}),
)
"""


@pytest.fixture
def project(tmp_path: Path) -> Any:
    files = {
        "dialects/port_accounts.py": DIALECT,
        "samples/port_accounts/empty/frames/accounts.json": '[{"external_identifier": "P-1"}]',
        "samples/port_accounts/moved/payload.json": '{"external_account_number": "P-2"}',
        "samples/port_accounts/moved/sample.toml": "today = 2026-01-02",
        "samples/port_accounts/empty/payload.json": "{}",
    }
    with projects.in_force(folder=projects.write(folder=tmp_path / "acme", files=files)) as folder:
        yield folder


@pytest.mark.usefixtures("project")
def test_a_sample_is_the_projects_own_and_else_that_of_the_dialect_that_is_extended() -> None:
    guides, empty, moved = samples_of(dialect=get_dialect(name="port_accounts"))
    edf = samples_of(dialect=get_dialect(name="edf_accounts"))[0]
    assert (guides.name, empty.name, moved.name) == (
        "port_accounts",
        "port_accounts-empty",
        "port_accounts-moved",
    )
    assert guides.payload == edf.payload
    assert guides.today == edf.today
    (customer, *_) = guides.rows["customers"]
    # The dialect's own column is not in the rows of the one that it extends.
    assert customer["password"] is None
    assert (moved.identifier, moved.today) == ("P-2", date(2026, 1, 2))
    assert empty.today == TODAY


@pytest.mark.usefixtures("project")
def test_what_a_sample_lacks_is_one_sentence_with_its_file() -> None:
    _, empty, moved = samples_of(dialect=get_dialect(name="port_accounts"))
    where = "^samples/port_accounts"
    with pytest.raises(
        AssertionError, match=rf"{where}/empty/frames/accounts\.json has no unknown_occupier, "
    ):
        _ = empty.rows
    with pytest.raises(AssertionError, match=rf"{where}/empty/payload\.json is empty: put "):
        _ = empty.payload
    # Only the guide's sample must show every list.
    with pytest.raises(AssertionError, match=rf"{where}/moved/frames/accounts\.json has no row"):
        _ = moved.rows


def test_a_further_sample_has_rows_of_its_own_alone(project: Path) -> None:
    folder = project / "samples" / "port_accounts" / "moved" / "frames"
    known = get_dialect(name="port_accounts").root.column_names
    row = dict.fromkeys(known) | {"external_identifier": "P-2"}
    projects.write(folder=folder, files={"accounts.json": json.dumps([row])})
    rows = samples_of(dialect=get_dialect(name="port_accounts"))[2].rows
    assert rows["accounts"] == [row]
    assert not any(found for name, found in rows.items() if name != "accounts")


CODES = "codes/edf_accounts/accounts.account_class.csv"
LACKING = "legacy,kraken,note\nHH,DOMESTIC,\n"


def test_the_guides_customer_that_a_projects_codes_refuse_is_one_sentence_with_the_command_that_mends_it(
    tmp_path: Path,
) -> None:
    with projects.in_force(folder=projects.write(folder=tmp_path, files={CODES: LACKING})):
        (guides,) = samples_of(dialect=get_dialect(name="edf_accounts"))
        assert misfit_of(sample=guides) == (
            "samples/edf_accounts/ has no customer of your own, and the guide's, which is used instead, does "
            "not fit the codes and columns of edf_accounts (Column account_class holds the unknown code "
            "'DOM', at account_type): write one of yours by `kraken-migrate dialect sample edf_accounts "
            "IDENTIFIER`."
        )


def test_the_guides_customer_serves_until_codes_or_columns_change_it(tmp_path: Path) -> None:
    with projects.in_force(folder=projects.write(folder=tmp_path, files={})):
        assert misfit_of(sample=samples_of(dialect=get_dialect(name="edf_accounts"))[0]) == ""
    other = {CODES: "legacy,kraken,note\nDOM,BUSINESS,\n"}
    with projects.in_force(folder=projects.write(folder=tmp_path, files=other)):
        told = misfit_of(sample=samples_of(dialect=get_dialect(name="edf_accounts"))[0])
        assert "(account_type differs from its payload): write one of yours by" in told


def test_rows_of_ones_own_without_their_payload_are_told_apart_from_the_guides(tmp_path: Path) -> None:
    frame = "samples/edf_accounts/frames/accounts.json"
    with projects.in_force(folder=projects.write(folder=tmp_path, files={})):
        row = samples_of(dialect=get_dialect(name="edf_accounts"))[0].rows["accounts"][0]
    row["account_class"] = "HH"
    files = {CODES: LACKING, frame: json.dumps([row | {"billing_name": "Other"}])}
    with projects.in_force(folder=projects.write(folder=tmp_path, files=files)):
        (own,) = samples_of(dialect=get_dialect(name="edf_accounts"))
        assert own.own_rows == ("accounts",)
        assert misfit_of(sample=own).startswith(
            "samples/edf_accounts/ has rows of its own and no payload.json"
        )
        payload = json.dumps(own.payload)
    mended = {frame.replace("frames/accounts", "payload"): payload}
    with projects.in_force(folder=projects.write(folder=tmp_path, files=files | mended)):
        # From here on it is the tests that say what differs.
        (own,) = samples_of(dialect=get_dialect(name="edf_accounts"))
        assert misfit_of(sample=own) == ""


def ran(*, folder: Path, files: dict[str, str], chosen: str) -> int:
    """Run the tests of a project in this process. Returns how they ended."""
    own = {
        "kraken-migrate.toml": 'dialects = ["edf_accounts"]',
        "tests/test_conformance.py": "from kraken_import.conformance.suite import *\n",
        "pytest.ini": "[pytest]\n",
    }
    with projects.in_force(folder=projects.write(folder=folder, files=own | files)):
        # Two runs of pytest in one process share what these plugins hold.
        without = ("cacheprovider", "hypothesispytest", "faulthandler", "timeout", "xdist")
        words = [
            "-q",
            # Without a list of failures at the end, which repeats their sentences where CI is set.
            "-rN",
            "--import-mode=importlib",
            *(word for name in without for word in ("-p", f"no:{name}")),
            "-k",
            chosen,
        ]
        return pytest.main([*words, "-c", str(folder / "pytest.ini"), str(folder / "tests")])


def test_the_tests_of_a_project_say_it_once_and_leave_the_others_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = ran(folder=tmp_path, files={CODES: LACKING}, chosen="payload and not crash")
    told = capsys.readouterr().out
    assert ended == pytest.ExitCode.TESTS_FAILED
    assert told.count("write one of yours by `kraken-migrate dialect sample edf_accounts IDENTIFIER`") == 1
    assert "1 failed, 4 skipped" in told


def test_a_test_that_fails_with_a_sentence_shows_it_without_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"samples/edf_accounts/payload.json": "{}"}
    ended = ran(folder=tmp_path, files=files, chosen="compact_json")
    told = capsys.readouterr().out
    assert ended == pytest.ExitCode.TESTS_FAILED
    assert "\nsamples/edf_accounts/payload.json is empty: put the guide's example there.\n" in told
    assert "def " not in told


def test_the_example_of_a_project_passes_by_a_customer_of_its_own() -> None:
    with projects.in_force(folder=ROOT / "examples" / "sap-is-u"):
        (own,) = samples_of(dialect=get_dialect(name="plenitude_accounts"))
        assert set(own.own_rows) == {frame.name for frame in own.dialect.frames}
        assert not own.is_inherited
        of_payloads.test_a_sample_becomes_its_payload_exactly(own)
        of_sql.test_no_query_delivers_null_for_what_is_needed(own)
        of_payloads.test_an_unknown_code_rejects_and_is_named(own)
