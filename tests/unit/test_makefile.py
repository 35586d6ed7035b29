"""The Makefile: what is given on its command line means something, or is refused."""

import subprocess

import pytest

from tests.conftest import ROOT


def make(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--dry-run", "help", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("word", ["STATES=rejected", "WAVES=12", "REASON2=a", "wave=12"])
def test_a_variable_that_nothing_reads_is_refused(word: str) -> None:
    done = make("WAVE=12", word)
    assert done.returncode != 0
    assert f"There is no variable {word.partition('=')[0]}: `make help` lists those there are" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("WAVE=12", "STATE=rejected", "REASON=the bank's file = late, see 4 = 5"),
        ("TRACKING_DSN=postgresql://a:b@c/d?sslmode=require", "ID=A 1,B 2"),
        ("PYTHON=python3", "MIGRATION_SCHEDULE=0 20 * * *", "AIRFLOW__API__WORKERS=2"),
    ],
)
def test_values_may_have_blanks_and_signs(words: tuple[str, ...]) -> None:
    done = make(*words)
    assert done.returncode == 0, done.stderr
