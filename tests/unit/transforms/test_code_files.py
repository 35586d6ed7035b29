"""Code maps of a project as CSV files: what they take the place of, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kraken_import.usecases.legacy_check.unused import CodesSeen
from tests import projects
from transforms.additions import BadAddition
from transforms.code_files import as_csv, maps
from transforms.dialect import Dialect
from transforms.registry import codes_file, delivered_dialect, get_dialect

MAP = "accounts.account_class"
SETTING = "tariff_codes"
PORT = """
from transforms.extending import extend
from transforms.registry import delivered_dialect

DIALECT = extend(delivered_dialect(name="edf_accounts"), name="port_accounts")
"""
HEADER = "legacy,kraken,note\n"
BeginProject = Callable[..., None]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[BeginProject]:
    """Write a project with these code maps, and work with it until the end of the test."""
    with ExitStack() as stack:

        def start(**files: str) -> None:
            folder = projects.write(
                folder=tmp_path / "acme", files={"dialects/port_accounts.py": PORT, **files}
            )
            stack.enter_context(projects.in_force(folder=folder))

        yield start


def of(*, dialect: Dialect, name: str) -> dict[str, object]:
    return dict(maps(dialect=dialect)[name])


def test_a_file_takes_the_place_of_a_map_for_its_dialect_and_for_those_that_extend_it(
    begin: BeginProject,
) -> None:
    begin(
        **{
            f"codes/edf_accounts/{MAP}.csv": "legacy,kraken,note\nprivate,DOMESTIC,\nnone,,Not known there\n",
            f"codes/port_accounts/{SETTING}.csv": "\ufefflegacy,kraken\nOLD-1,NEW-1\n*,*\n",
            "codes/README.md": "Ours.",
            f"codes/port_accounts/.{SETTING}.csv": "What an editor keeps beside a file.",
        }
    )
    edf, port = get_dialect(name="edf_accounts"), get_dialect(name="port_accounts")
    assert of(dialect=edf, name=MAP) == of(dialect=port, name=MAP) == {"private": "DOMESTIC", "none": None}
    assert port.default_values[SETTING] == {"OLD-1": "NEW-1", "*": "*"}
    delivered = delivered_dialect(name="edf_accounts")
    assert edf.default_values == delivered.default_values
    assert get_dialect(name="plenitude_accounts") == delivered_dialect(name="plenitude_accounts")


def test_what_a_dialect_changes_in_python_wins_over_the_files_of_the_one_that_it_extends(
    begin: BeginProject,
) -> None:
    changes = f"""
from transforms.dialect import Column

CHANGES = Changes(
    codes={{"{MAP}": {{"P": "DOMESTIC"}}}},
    default_values={{"{SETTING}": {{"P": "OURS"}}}},
    columns={{"customers": [Column("given_name", "text", "Ours.")]}},
)
"""
    module = PORT.replace("import extend", "import Changes, extend").replace(
        'name="port_accounts"', 'name="port_accounts", changes=CHANGES'
    )
    head, _, tail = module.partition("DIALECT")
    begin(
        **{
            "dialects/port_accounts.py": f"{head}{changes}DIALECT{tail}",
            f"codes/edf_accounts/{MAP}.csv": HEADER + "A,BUSINESS,\n",
            f"codes/edf_accounts/{SETTING}.csv": HEADER + "A,THEIRS,\n",
            "sql/extract/edf_accounts/columns.toml": "[customers.columns.given_name]\n"
            'kind = "text"\nmeaning = "Theirs."\n'
            "[customers.columns.family_name]\nkind = 'text'\nmeaning = 'Theirs.'\n",
        }
    )
    edf, port = get_dialect(name="edf_accounts"), get_dialect(name="port_accounts")
    assert of(dialect=edf, name=MAP) == {"A": "BUSINESS"}
    assert of(dialect=port, name=MAP) == {"P": "DOMESTIC"}
    assert port.default_values[SETTING] == {"P": "OURS"}
    (customers,) = (frame for frame in port.frames if frame.name == "customers")
    meanings = {column.name: column.meaning for column in customers.columns}
    assert (meanings["given_name"], meanings["family_name"]) == ("Ours.", "Theirs.")
    assert codes_file(dialect="port_accounts", name=MAP) is None
    assert codes_file(dialect="edf_accounts", name=MAP) is not None


def test_true_and_false_are_flags_where_the_field_is_one(begin: BeginProject) -> None:
    edf = delivered_dialect(name="edf_accounts")
    flag = next(name for name, codes in maps(dialect=edf).items() if True in codes.values())
    begin(**{f"codes/edf_accounts/{flag}.csv": "legacy,kraken,note\nJ,true,\nN,false,\n"})
    assert of(dialect=get_dialect(name="edf_accounts"), name=flag) == {"J": True, "N": False}


def test_what_is_written_for_a_map_is_read_as_the_same_map(begin: BeginProject) -> None:
    delivered = {
        name: codes for name, codes in maps(dialect=delivered_dialect(name="edf_accounts")).items() if codes
    }
    assert len(delivered) > 20
    begin(**{f"codes/edf_accounts/{name}.csv": as_csv(codes=codes) for name, codes in delivered.items()})
    found = maps(dialect=get_dialect(name="edf_accounts"))
    assert {name: dict(found[name]) for name in delivered} == {
        name: dict(codes) for name, codes in delivered.items()
    }


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (f"{MAP}.csv", "legacy;kraken;note\nA;DOMESTIC;\n", "the first line must be legacy,kraken,note"),
        (f"{MAP}.csv", "", "the first line must be"),
        (f"{MAP}.csv", "legacy,kraken,note\n", "it has no code"),
        (
            f"{MAP}.csv",
            "legacy,kraken,note\nA,DOMESTIC,\nA,BUSINESS,\n",
            "line 3 has the code 'A' again, as line 2",
        ),
        (
            f"{MAP}.csv",
            "legacy,kraken,note\nA,DOMESTICS,\n",
            "line 2 makes 'DOMESTICS' of a code, which account_type",
        ),
        (f"{MAP}.csv", "legacy,kraken,note\nA,,\n", "line 2 has no word of Kraken's"),
        (f"{MAP}.csv", "legacy,kraken,note\nA, DOMESTIC,\n", "line 2 has blanks around"),
        (f"{MAP}.csv", "legacy,kraken,note\nA,DOMESTIC,x,y\n", "line 2 has 4 columns"),
        (
            f"{MAP}.csv",
            'legacy,kraken,note\nA,DOMESTIC,"agreed\nB,BUSINESS,\nC,BUSINESS,\n',
            "the row that begins in line 2 cannot be read",
        ),
        (
            f"{MAP}.csv",
            'legacy,kraken,note\nA,DOMESTIC,"agreed\nB,BUSINESS,"also"\nC,BUSINESS,\n',
            "the row that begins in line 2 cannot be read",
        ),
        (f"{SETTING}.csv", "legacy,kraken\nA,*\n", "line 2 says neither Kraken's word"),
        (f"{MAP}.csv", "legacy,kraken\n*,DOMESTIC\n", "line 2 says neither Kraken's word"),
        ("accounts.billing_name.csv", "legacy,kraken\nA,B\n", "no column with codes"),
        (f"{SETTING}.csv", "legacy,kraken\nA,\n", "line 2 says neither Kraken's word"),
        ("accounts.acount_class.csv", "legacy,kraken\nA,B\n", r"Is accounts\.account_class\.csv meant\?"),
        (f"{MAP}.CSV", "", "is read by nothing: name it codes/<dialect>/<map>.csv"),
        (f"../port_acounts/{MAP}.csv", "", "is read by nothing"),
    ],
)
def test_what_is_wrong_with_a_map_is_one_sentence_with_its_file(
    begin: BeginProject, name: str, text: str, sentence: str
) -> None:
    begin(**{f"codes/port_accounts/{name}": text})
    with pytest.raises(BadAddition, match=f"^codes/port_ac.*{sentence}") as bad:
        get_dialect(name="port_accounts")
    assert "\n" not in str(bad.value)


def test_codes_that_no_customer_has_are_told_of_the_file_that_counts(begin: BeginProject) -> None:
    begin(
        **{
            f"codes/edf_accounts/{MAP}.csv": HEADER + "A,DOMESTIC,\nB,BUSINESS,\n",
            f"codes/port_accounts/{MAP}.csv": HEADER + "A,DOMESTIC,\nC,BUSINESS,\nD,BUSINESS,\n,DOMESTIC,\n",
            f"codes/port_accounts/{SETTING}.csv": HEADER + "A,B,\n*,*,\n",
        }
    )
    dialect = get_dialect(name="port_accounts")
    seen = CodesSeen(dialect=dialect)
    for frame in dialect.frames:
        for column in frame.columns:
            seen.add(
                frame=frame,
                column=column,
                values=["A ", None, "D"] if column.name == "account_class" else ["A"],
            )
    (found,) = seen.misfits()
    assert (found.code, found.severity) == ("unused_code", "note")
    assert (
        "codes/port_accounts/accounts.account_class.csv has codes that no customer looked at has: C."
        in found.sentence
    )
