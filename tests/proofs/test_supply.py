"""What is delivered: secrets are found, every lock is asked about, lists are true, and a signature holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from proofs.supply import bill, licences, signing, tools
from proofs.supply.__main__ import ask, sign
from proofs.supply.leaks import leaks
from proofs.supply.reading import LOCKS, UnableToExamine, pins, reviewed
from proofs.supply.vulnerabilities import NotLookedFor, vulnerabilities
from tests.conftest import ROOT, free_port

# In parts, so that this file is none of those that they are looked for in.
PLANTED = {
    "docker/upload.py": 'KEY = "AK' + 'IAIOSFODNN7EXAMPLQ"\n',
    "deploy/release": "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
    "deploy/settings.yaml": "smtp:\n  pass" + "word: 'Tr0ub4dor-and-3'\n",
}

pytestmark = pytest.mark.xdist_group("supply")


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    tools.ensure()


def git(*words: str, folder: Path) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_a_planted_key_and_a_planted_password_are_found_where_they_are(tmp_path: Path) -> None:
    for name in ("docker", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    git("init", "--quiet", folder=tmp_path)
    git("add", ".", folder=tmp_path)
    assert leaks(folder=tmp_path) == []
    for name, text in PLANTED.items():
        (tmp_path / name).write_text(text)
    git("add", ".", folder=tmp_path)
    found = leaks(folder=tmp_path)
    assert {each.partition(" ")[0] for each in found} == {
        "docker/upload.py:1",
        "deploy/release:2",
        "deploy/settings.yaml:2",
    }
    assert not [text for text in PLANTED.values() for each in found if text.split("'")[0].strip() in each]


@dataclass(slots=True)
class Advisories:
    """A service that knows of one vulnerability of some packages, and of what it was asked."""

    url: str
    code: int = 200
    affected: frozenset[str] = frozenset({"jinja2", "uv"})
    asked: set[tuple[str, str]] = field(default_factory=set)


@pytest.fixture
def advisories(monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisories]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = question["package"]["name"], question["version"]
            known.asked.add((name, version))
            event = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}
            affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [event]}
            one = {"id": "GHSA-made-up", "details": "", "affected": [affected]}
            answer = json.dumps({"vulns": [one]} if name in known.affected else {}).encode()
            self.send_response(known.code)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Advisories(url=f"http://127.0.0.1:{server.server_port}/v1/query")
    monkeypatch.setenv("OSV_URL", known.url)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_pin_of_every_lock_is_asked_about_and_each_finding_is_a_sentence(
    advisories: Advisories,
) -> None:
    found = sorted(vulnerabilities(reviewed=reviewed()))
    wanted = {(pin.name, pin.version) for lock in LOCKS for pin in pins(lock=lock)}
    assert len(wanted) > 200
    assert advisories.asked > wanted
    # The one in `bin`.
    assert "pip" in {name for name, _ in advisories.asked - wanted}
    assert [
        each.partition(" has GHSA-made-up, mended in 99.1: lock another version")[0] for each in found
    ] == [
        f"{name} {version} ({kind})"
        for name, version, kind in (
            ("jinja2", dict(wanted)["jinja2"], "production"),
            ("uv", dict(wanted)["uv"], "development"),
        )
    ]


def test_where_the_question_cannot_be_asked_it_says_so_and_leaves_it_for_the_end_of_the_whole_run(
    advisories: Advisories,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    allowed, note = reviewed(), tmp_path / "not-done"
    advisories.code = 503
    assert ask(allowed=allowed, note=note) == []
    assert "NOT looked for: http://127.0.0.1" in note.read_text()
    assert note.read_text() in capsys.readouterr().out
    with pytest.raises(NotLookedFor, match="answers 503; run `make supply` where it can be reached"):
        vulnerabilities(reviewed=allowed)
    monkeypatch.setenv("OSV_URL", f"http://127.0.0.1:{free_port()}/v1/query")
    with pytest.raises(NotLookedFor, match="cannot be reached; run"):
        vulnerabilities(reviewed=allowed)


def test_the_lists_name_every_package_of_production_and_are_the_same_twice(tmp_path: Path) -> None:
    allowed, wanted, declared = reviewed(), licences.of_production(), licences.installed()
    assert licences.objections(wanted=wanted, declared=declared, reviewed=allowed) == []
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        bill.write_bill(folder=folder, declared=declared, reviewed=allowed)
        bill.write_licences(folder=folder, wanted=wanted, declared=declared, reviewed=allowed)
    one, two = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert one == two
    name = bill.release()
    told = json.loads(one[f"{name}.cdx.json"])
    locked = {(pin.name, pin.version) for pin in pins(lock=ROOT / "requirements-production.txt")}
    assert {(each["name"], each["version"]) for each in told["components"]} == locked
    assert all(each["externalReferences"][0]["hashes"] for each in told["components"])
    bill.validate(bill=folders[0] / f"{name}.cdx.json")
    licensed = {(each["name"], each["version"]) for each in told["components"] if "licenses" in each}
    assert licensed == {(pin.name, pin.version) for pin in wanted}
    listed = one[f"{name}.licences.csv"].decode().splitlines()[1:]
    assert [line.split(",")[0] for line in listed] == [pin.name for pin in wanted]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_a_receiver_tells_a_release_from_one_that_was_changed(tmp_path: Path) -> None:
    key = tmp_path / "release"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]
    for each in (key, tmp_path / "other"):
        subprocess.run([*make, str(each)], check=True)
    folder = tmp_path / "dist"
    folder.mkdir()
    files = [folder / "kraken.whl", folder / "kraken.cdx.json"]
    for file in files:
        file.write_text(file.name)
    (tmp_path / "signers").write_text(f"release {key.with_suffix('.pub').read_text()}")
    signing.sign(files=files, key=key)
    assert verifies(folder=folder)
    files[1].write_text("another")
    assert not verifies(folder=folder)
    # With sums that fit the change, and another's signature.
    signing.sign(files=files, key=tmp_path / "other")
    assert not verifies(folder=folder)
    # A second time over what was there.
    signing.sign(files=files, key=key)
    assert verifies(folder=folder)
    with pytest.raises(UnableToExamine, match=r"none did not sign: name an SSH key by KEY="):
        signing.sign(files=files, key=tmp_path / "none")


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_what_is_signed_says_whether_vulnerabilities_were_looked_for(
    advisories: Advisories,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(tmp_path / "copy"), folder=tmp_path)
    monkeypatch.setattr(signing, "ROOT", tmp_path / "copy")
    key, today = tmp_path / "release", date(2026, 3, 4)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "signers").write_text(f"release {key.with_suffix('.pub').read_text()}")

    def signed(folder: Path) -> str:
        folder.mkdir()
        assert sign(folder=folder, key=key, today=today) == 0
        assert verifies(folder=folder)
        (file,) = folder.glob("*.vulnerabilities.txt")
        assert file.name in (folder / signing.SUMS).read_text()
        assert file.read_text().splitlines()[0] in capsys.readouterr().out
        return file.read_text()

    (tmp_path / "known").mkdir()
    with pytest.raises(UnableToExamine, match=r"jinja2 .* has GHSA-made-up.*\n.*\nNothing was signed\.$"):
        sign(folder=tmp_path / "known", key=key, today=today)
    assert not (tmp_path / "known" / signing.SUMS).exists()
    advisories.affected = frozenset()
    assert signed(tmp_path / "asked").startswith(
        "Known vulnerabilities were looked for on 2026-03-04: none is known of what the locks have, but for "
    )
    advisories.code = 503
    assert signed(tmp_path / "unasked").startswith(
        "Known vulnerabilities were NOT looked for when this was signed, on 2026-03-04: look for those of "
    )


def verifies(*, folder: Path) -> bool:
    """Run the two commands that SECURITY.md gives a receiver. Returns whether both are content."""
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    commands = page.split("## Verify a release", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    done = subprocess.run(
        ["sh", "-e", "-c", commands.replace("allowed_signers", "../signers")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def test_a_wheel_is_signed_only_as_a_commit_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy"
    git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(copy), folder=tmp_path)
    monkeypatch.setattr(signing, "ROOT", copy)
    wheel = signing.build_wheel(folder=tmp_path / "dist")
    assert wheel.stem.startswith(bill.release().replace("kraken-migration", "kraken_migration"))
    (copy / "plugins" / "kraken_import" / "stray.py").touch()
    with pytest.raises(UnableToExamine, match="The files differ from the last commit"):
        signing.build_wheel(folder=tmp_path / "dist")
