"""The console over real databases, with users of its own in place of Airflow's."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest
import uvicorn
from fastapi import FastAPI, Request
from requests import Response, Session
from sqlalchemy import Engine, create_engine

from kraken_import.console.access import Act, Answer, Caller, NotSignedIn, Surroundings
from kraken_import.console.app import make_app
from kraken_import.console.shared import SharedPages
from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from tests.integration.conftest import CUSTOMERS, BeginJourney, Journey
from transforms.registry import dialect_names

HERE = Path(__file__).parent
PLACE = "tracking"
USER = "X-Test-User"


@dataclass(kw_only=True)
class Somebody:
    """A user who may do `acts`, and reads all dialects but `unread`."""

    name: str
    acts: frozenset[Act] = frozenset()
    unread: frozenset[str] = frozenset()
    sees_personal_data: bool = False

    def may_read(self, *, dialect: str) -> bool:
        return dialect not in self.unread

    def may(self, *, act: Act, dialect: str | None) -> bool:
        return act in self.acts and (dialect is None or self.may_read(dialect=dialect))

    def may_see_personal_data(self, *, dialect: str) -> bool:
        return self.sees_personal_data and self.may_read(dialect=dialect)


USERS = {
    user.name: user
    for user in (
        Somebody(name="viewer"),
        Somebody(name="ops", acts=frozenset(Act)),
        Somebody(name="admin", acts=frozenset(Act), sees_personal_data=True),
        Somebody(name="elsewhere", acts=frozenset(Act), unread=frozenset(dialect_names())),
    )
}


@dataclass(kw_only=True)
class Around:
    """The surroundings of a console under test; `calls` are those of Airflow's API, answered by `answers`."""

    reading: Engine
    writing: Engine
    customers: Engine
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    answers: Callable[[str, str, Any], Answer] = lambda _method, _path, _body: Answer(status=200, document={})

    async def caller(self, *, request: Request) -> Caller:
        user = USERS.get(request.headers.get(USER, ""))
        if user is None:
            raise NotSignedIn
        return user

    def places(self) -> Mapping[str, Sequence[str]]:
        return {PLACE: dialect_names()}

    def reader(self, *, place: str) -> Engine:
        return self.reading

    def writer(self, *, place: str) -> Engine:
        return self.writing

    def legacy(self, *, dialect: str) -> Engine:
        return self.customers

    def airflow(
        self, *, request: Request, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer:
        self.calls.append((method, path, body))
        return self.answers(method, path, body)

    def schedule(self) -> str:
        return "0 20 * * *"

    def key(self) -> str:
        return "a key of the tests"

    def home(self) -> str:
        return ""


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "input" and said.get("name"):
            self.values[str(said["name"])] = said.get("value") or ""


def form_of(page: Response) -> dict[str, str]:
    """Return what the form of a page sends, as the page fills it in."""
    found = _Form()
    found.feed(page.text)
    return found.values


@dataclass(kw_only=True)
class Console:
    """A console, and requests to it as a user."""

    journey: Journey
    around: Around
    app: FastAPI
    address: str
    session: Session = field(default_factory=Session)

    def ask(self, method: str, path: str, *, user: str = "", **given: Any) -> Response:
        """Send a request to any address."""
        headers = given.pop("headers", {}) | ({USER: user} if user else {})
        return self.session.request(method, f"{self.address}{path}", headers=headers, timeout=30, **given)

    def get(self, path: str, *, user: str = "viewer") -> Response:
        """Load a page below the tracking database's."""
        return self.ask("GET", f"/{PLACE}/{path}", user=user)

    def post(self, path: str, values: Mapping[str, str], *, user: str = "ops", **headers: str) -> Response:
        """Send a form as a page of the console would."""
        own = {"Origin": self.address, "Sec-Fetch-Site": "same-origin"}
        return self.ask("POST", f"/{PLACE}/{path}", user=user, data=dict(values), headers=own | headers)

    def form(self, path: str, *, user: str = "ops") -> dict[str, str]:
        """Return what the form of a page sends, as the page fills it in."""
        page = self.get(path, user=user)
        assert page.status_code == 200, page.text
        return form_of(page)

    def order(self, kind: str, *, user: str = "ops", reason: str = "a test", **values: Any) -> Response:
        """Look at what an order would do, and give it."""
        query = "&".join(f"{name}={value}" for name, value in values.items())
        form = self.form(f"orders/new/{kind}?{query}", user=user)
        return self.post("orders", form | {"reason": reason}, user=user)


def words_of(page: Response) -> str:
    """Return the words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of pages on one worker, which has columns and mappings read once for all of them."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("console"))


@pytest.fixture
def population() -> int:
    """How many customers there are; modules that need more say so."""
    return CUSTOMERS


@pytest.fixture(scope="session")
def application() -> Iterator[tuple[FastAPI, str]]:
    """The application of all consoles, and its address: to make its routes takes longer than most tests."""
    app = make_app(surroundings=cast("Surroundings", None))
    with serving(app=app) as address:
        yield app, address


@pytest.fixture
def console(
    begin: BeginJourney, population: int, postgres: Cluster, application: tuple[FastAPI, str]
) -> Iterator[Console]:
    """A console for the databases of a journey, read as the role that sees no payload."""
    journey = begin(customers=population)
    password = postgres.password_of(user=logins.READER)
    reading = create_engine(journey.tracking.url.set(username=logins.READER, password=password))
    around = Around(reading=reading, writing=journey.tracking, customers=journey.legacy)
    app, address = application
    app.state.surroundings, app.state.shared_pages = around, SharedPages()
    yield Console(journey=journey, around=around, app=app, address=address)
    reading.dispose()


@contextmanager
def served(*, journey: Journey, around: Around) -> Iterator[Console]:
    """Serve another console until the end of this context."""
    app = make_app(surroundings=around)
    with serving(app=app) as address:
        yield Console(journey=journey, around=around, app=app, address=address)


@contextmanager
def serving(*, app: FastAPI) -> Iterator[str]:
    """Serve an application until the end of this context. Gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
