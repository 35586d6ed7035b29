"""The Makefile: what is given on its command line means something, or is refused."""

import os
import subprocess

import pytest

from tests.conftest import ROOT


def make(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--dry-run", "help", *words],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("word", ["STATES=rejected", "WAVES=12", "REASON2=a", "wave=12"])
def test_a_variable_that_nothing_reads_is_refused(word: str) -> None:
    done = make("WAVE=12", word)
    assert done.returncode != 0
    assert f"There is no variable {word.partition('=')[0]}: `make help` lists those there are" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("WAVE=12", "STATE=rejected", "REASON=the bank's file = late, see 4 = 5"),
        ("TRACKING_DSN=postgresql://a@c:5432/d?sslmode=require", "ID=A 1,B 2"),
        ("KRAKEN_TOKEN_FILE=a file", "LEGACY_DSN=postgresql://c:5432/d"),
        ("PYTHON=python3", "MIGRATION_SCHEDULE=0 20 * * *", "AIRFLOW__API__WORKERS=2"),
    ],
)
def test_values_may_have_blanks_and_signs(words: tuple[str, ...]) -> None:
    done = make(*words)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "word",
    ["KRAKEN_TOKEN=hush", "LEGACY_DSN=postgresql://a:hush@b/c", "TRACKING_DSN=postgresql://a:hush@b:1/c"],
)
def test_a_secret_on_the_command_line_of_make_is_refused_and_one_in_the_environment_is_not(word: str) -> None:
    done = make(word)
    assert done.returncode != 0
    assert "where other users of this machine can read it: put it into the environment" in done.stderr
    assert "hush" not in done.stderr
    name, _, value = word.partition("=")
    assert make(**{name: value}).returncode == 0
