import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as the bootstrap looks at; nothing in it can be installed."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_an_unsupported_python_is_told_so_in_one_sentence(checkout: Path) -> None:
    script = checkout / "bin" / "bootstrap.py"
    source = script.read_text().replace("(3, 11), (3, 13)", "(3, 98), (3, 99)")
    script.write_text(source)
    done = _bootstrap(checkout=checkout)
    assert done.returncode == 1
    version = ".".join(map(str, sys.version_info[:2]))
    assert done.stderr.startswith(f"Python {version} is not supported")
    assert done.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()


@pytest.mark.proof
def test_a_failed_installation_is_one_sentence_and_the_next_call_starts_again(checkout: Path) -> None:
    (checkout / "bin" / "uv.txt").write_text("uv==0.0.0 --hash=sha256:" + "0" * 64 + "\n")
    for _ in range(2):
        done = _bootstrap(checkout=checkout, PIP_NO_INDEX="1")
        assert done.returncode == 1
        *_, last = done.stderr.splitlines()
        assert last.startswith("Unable to fetch the installer uv: ")
        assert "Traceback" not in done.stderr
        assert not (checkout / ".venv" / "installed").exists()
    assert "Creating .venv" in done.stderr


@pytest.mark.proof
def test_a_complete_environment_is_left_alone(checkout: Path) -> None:
    environment = checkout / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    namespace: dict[str, object] = {
        "__file__": str(checkout / "bin" / "bootstrap.py"),
        "__name__": "bootstrap",
    }
    exec((checkout / "bin" / "bootstrap.py").read_text(), namespace)
    stamp = namespace["_stamp"]
    assert callable(stamp)
    (environment / "installed").write_text(stamp())
    done = _bootstrap(checkout=checkout)
    assert (done.returncode, done.stderr) == (0, "")
    (checkout / "requirements.txt").write_text("changed")
    assert "Installing" in _bootstrap(checkout=checkout, PIP_NO_INDEX="1").stderr


def _bootstrap(*, checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(checkout / "bin" / "bootstrap.py")],
        env={"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
