"""What `docker build` works with: the files that reach it, and the steps of the Dockerfile."""

import re
import shlex
import shutil
from pathlib import Path

from tests.conftest import ROOT

DOCKERFILE = ROOT / "docker" / "Dockerfile"
READ_DAGS = """\
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
import kraken_import, transforms
bag = DagBag(dag_folder=Path(sys.argv[1]))
homes = [module.__file__ for module in (kraken_import, transforms)]
print(json.dumps({"ids": bag.dag_ids, "errors": bag.import_errors, "path": sys.path, "homes": homes}))
"""
"""Prints the DAGs of a folder, and what reading them took."""


def context(*, folder: Path) -> Path:
    """Copy the files that .dockerignore lets through into a new folder. Returns it."""
    folder.mkdir()
    for name in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, target)
    return folder


def steps() -> list[tuple[str, list[str]]]:
    """The Dockerfile's instructions in order, each with its words, without options of COPY's own."""
    found = re.findall(r"^([A-Z]+) (.+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return [
        (name, [word for word in shlex.split(rest) if name != "COPY" or not word.startswith("--chown")])
        for name, rest in found
    ]


def copied(*, context: Path, image: Path) -> None:
    """Do what the last stage's COPY instructions do with files of the context."""
    for name, words in steps():
        if name == "COPY" and not words[0].startswith("--from") and words[0] != ".":
            source, target = context / words[0], image / words[1].lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copyfile(source, target)
