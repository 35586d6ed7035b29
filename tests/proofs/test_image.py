"""The image without an engine: its files, installed by its Dockerfile's own steps into a fresh folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.images import READ_DAGS, context, copied, steps
from tests.proofs.test_wheel import build, said, uv

RUNS = {
    "kraken-migrate": ["--help"],
    "airflow": ["providers", "list"],
    "celery": ["--app", "airflow.providers.celery.executors.celery_executor.app", "report"],
}
"""What the services of docker-compose.yml start, as far as it ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An environment as the image has it, and the folder that stands for its root."""

    context: Path
    root: Path

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.root / "env" / "bin" / "python"

    def place(self, path: str) -> str:
        """Return where a path of the image is here."""
        return str(self.root / path.lstrip("/")) if path.startswith("/") else path

    def run(self, words: Sequence[str]) -> None:
        """Do what a RUN instruction does. Raises AssertionError for one that is not known here."""
        if words[:2] == ["pip", "wheel"]:
            assert words[-1] == "/tmp/kraken"
            build(source=self.context, into=Path(self.place(words[words.index("--wheel-dir") + 1])))
        elif words[:2] == ["pip", "install"]:
            told = [self.place(word) for word in words[2:] if word != "--no-cache-dir"]
            wheels = [str(found) for word in told if "*" in word for found in Path("/").glob(word[1:])]
            uv(
                "install",
                "--quiet",
                "--python",
                str(self.python),
                *[w for w in told if "*" not in w],
                *wheels,
            )
        else:
            assert words[0] == "touch", words
            Path(self.place(words[1])).touch()

    def environment(self) -> dict[str, str]:
        """What a process in it has."""
        foreign = ("AIRFLOW", "PYTHON", "PIP", "VIRTUAL_ENV", "KRAKEN", "MIGRATION")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return kept | {
            "AIRFLOW_HOME": self.place("/opt/airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "PATH": f"{self.python.parent}{os.pathsep}{os.defpath}",
        }


@pytest.mark.timeout(600)
def test_the_dockerfiles_own_steps_give_an_airflow_that_imports_every_dag_and_starts_every_service(
    tmp_path: Path,
) -> None:
    image = Image(context=context(folder=tmp_path / "context"), root=tmp_path / "image")
    image.root.mkdir()
    venv = [sys.executable, "-m", "venv", "--without-pip", str(image.root / "env")]
    subprocess.run(venv, check=True, timeout=60)
    copied(context=image.context, image=image.root)
    for name, words in steps():
        if name == "RUN":
            image.run(words)
    home, environment = Path(image.place("/opt/airflow")), image.environment()
    command = [str(image.python), "-c", READ_DAGS, str(home / "dags")]
    read = json.loads(said(command=command, folder=home, environment=environment).splitlines()[-1])
    assert read["errors"] == {}
    assert len(read["ids"]) > 10
    assert all(Path(place).is_relative_to(image.root / "env") for place in read["homes"])
    for program, words in RUNS.items():
        said(command=[str(image.python.with_name(program)), *words], folder=home, environment=environment)
    # The services of the demo.
    for module in ("kraken_import.simulator", "kraken_import.local.fill"):
        command = [str(image.python), "-c", f"import {module}"]
        said(command=command, folder=home, environment=environment)
    command = [str(image.python), "-m", "kraken_import.simulator", "--rules"]
    assert said(command=command, folder=home, environment=environment)
