"""What each role of Airflow gets from every route of our applications, in Airflow's own API server."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import URL, Engine
from starlette.routing import Mount

from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.console.test_plan import cohort
from tests.integration.usecases.test_reconcile import play

pytestmark = [
    pytest.mark.proof,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.filterwarnings("default"),
]

DIALECT: Final = "edf_accounts"
SPOILED: Final = "GB-000000002"
OWN_PAGE: Final = {"Origin": "http://console.example", "Sec-Fetch-Site": "same-origin"}
QUERIES: Final = {
    "/{place}/left": "?wave={wave_id}",
    "/{place}/left/ticked": "?wave={wave_id}&order=export&record={record_id}",
}
ROLES: Final = {"viewer": "viewer", "user": "user", "op": "op", "admin": "admin", "elsewhere": "op"}
"""Users, and the role of each; `elsewhere` has no access to the DAGs of the dialect."""
WHO: Final = ("anonymous", *ROLES)
EVERYBODY: Final = (401, 200, 200, 200, 200, 200)
OF_THE_DIALECT: Final = (401, 200, 200, 200, 200, 404)
ORDER: Final = (401, 403, 303, 303, 303, 404)

EXPECTED: Final[Mapping[str, tuple[int, ...]]] = {
    # One status for each of WHO.
    "console GET /": (401, 303, 303, 303, 303, 303),
    "console GET /runs/{dag_id}/{run_id:path}": (401, 303, 303, 303, 303, 404),
    "console GET /static/{name}": EVERYBODY,
    "console GET /{place}/waves": EVERYBODY,
    "console GET /{place}/waves/{wave_id}": OF_THE_DIALECT,
    "console GET /{place}/orders": EVERYBODY,
    "console GET /{place}/orders/new/{kind}": (401, 403, 200, 200, 200, 404),
    "console POST /{place}/orders": ORDER,
    "console GET /{place}/orders/{action_id}": OF_THE_DIALECT,
    "console GET /{place}/kraken": EVERYBODY,
    "console GET /{place}/cut-over": EVERYBODY,
    "console GET /{place}/cut-over/without-wave": EVERYBODY,
    "console POST /{place}/cut-over/pick": (401, 303, 303, 303, 303, 303),
    "console GET /{place}/waves/{wave_id}/cut-over": OF_THE_DIALECT,
    "console GET /{place}/waves/{wave_id}/crosswalk.csv": (401, 403, 200, 200, 200, 404),
    "console GET /{place}/data": EVERYBODY,
    "console GET /{place}/data/{dialect}": OF_THE_DIALECT,
    "console GET /{place}/customers": EVERYBODY,
    "console POST /{place}/customers": EVERYBODY,
    "console GET /{place}/records/{record_id}": OF_THE_DIALECT,
    "console GET /{place}/records/{record_id}/payload": OF_THE_DIALECT,
    "console POST /{place}/records/{record_id}/payload": (401, 403, 403, 200, 200, 404),
    "console GET /{place}/triage": EVERYBODY,
    "console POST /{place}/triage": EVERYBODY,
    "console GET /{place}/waves/{wave_id}/triage": OF_THE_DIALECT,
    "console POST /{place}/waves/{wave_id}/triage": OF_THE_DIALECT,
    "console GET /{place}/left": OF_THE_DIALECT,
    "console GET /{place}/left/ticked": (401, 303, 303, 303, 303, 404),
    "console GET /{place}/orders/{action_id}/list.csv": (401, 403, 200, 200, 200, 404),
    "console GET /{place}/plan": EVERYBODY,
    "console GET /{place}/plan/{cohort_id}": OF_THE_DIALECT,
    "reports GET /{dag_id}/runs/{run_id:path}": (401, 200, 200, 200, 200, 403),
    "reports GET /{dag_id}/{folder}/{name}": (401, 200, 200, 200, 200, 403),
}
"""What each role gets of a wave, a record and a list of the dialect, by form where it is one of our own."""


@dataclass(kw_only=True)
class Server:
    """Airflow's API server, and requests to it as each user."""

    app: Any
    client: Any
    journey: Journey
    tokens: dict[str, str]
    given: dict[str, str] = field(default_factory=dict)
    """What stands in the addresses of routes, by name."""

    def ask(self, who: str, method: str, path: str, **sent: Any) -> Any:
        """Send a request as a user, without following where it leads."""
        headers = dict(sent.pop("headers", {}))
        if who != "anonymous":
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        return self.client.request(method, path, headers=headers, follow_redirects=False, **sent)


@pytest.fixture
def server(
    monkeypatch: pytest.MonkeyPatch, begin: BeginJourney, postgres: Cluster, tmp_path: Path
) -> Iterator[Server]:
    """Airflow's own application with its plugins, over a metadata database of its own."""
    journey = begin()
    for name, value in {
        "AIRFLOW__CORE__AUTH_MANAGER": "tests.integration.airflow.per_dag.PerDagAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{role}" for name, role in ROLES.items()
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(tmp_path / "logins.json"),
        "AIRFLOW__API__SECRET_KEY": "a secret of the tests",
        "AIRFLOW__API_AUTH__JWT_SECRET": "another secret of the tests, of some length, for tokens of users",
        "MIGRATION_REPORTS": f"file://{tmp_path}/reports",
    }.items():
        monkeypatch.setenv(name, value)
    password = postgres.password_of(user=logins.READER)
    monkeypatch.setenv("AIRFLOW_CONN_TRACKING", connection(journey.tracking.url))
    reader = journey.tracking.url.set(username=logins.READER, password=password)
    monkeypatch.setenv("AIRFLOW_CONN_TRACKING_READER", connection(reader))
    yield from serve(journey=journey)


def connection(url: URL) -> str:
    """Return a Connection that leads to a database."""
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": url.host,
            "port": url.port,
            "login": url.username,
            "password": url.password,
            "schema": url.database,
        }
    )


def serve(*, journey: Journey) -> Iterator[Server]:
    from airflow import settings
    from airflow.api_fastapi.app import get_auth_manager, purge_cached_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from fastapi.testclient import TestClient

    from kraken_import.airflow import console

    import_all_models()
    Base.metadata.create_all(engine_of_airflow(settings))
    purge_cached_app()
    console._auth.cache_clear()
    console.app.state.surroundings._engines.clear()
    main = importlib.reload(importlib.import_module("airflow.api_fastapi.main"))
    tokens = {
        name: get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role.upper()))
        for name, role in ROLES.items()
    }
    client = TestClient(main.app, base_url="http://console.example", raise_server_exceptions=False)
    try:
        yield Server(app=main.app, client=client, journey=journey, tokens=tokens)
    finally:
        purge_cached_app()
        console._auth.cache_clear()
        console.app.state.surroundings._engines.clear()


def engine_of_airflow(settings: Any) -> Engine:
    """Return Airflow's own engine, which its first use makes."""
    if settings.engine is None:
        settings.configure_orm()
    return settings.engine  # type: ignore[no-any-return]


def routes_of(server: Server) -> Iterator[tuple[str, str, str, str]]:
    """Yield the name of each application of ours, its prefix, and each method and path of it."""
    from kraken_import.airflow import links, report_pages
    from kraken_import.airflow.plugin import MigrationPlugin

    names = {links.CONSOLE: "console", report_pages.PREFIX: "reports"}
    assert {each["url_prefix"] for each in MigrationPlugin.fastapi_apps} == names.keys()
    mounted = {each.path: each.app for each in server.app.routes if isinstance(each, Mount)}
    for prefix, name in names.items():
        for route in mounted[prefix].routes:
            # Anything else, such as mounted files, would ask nobody for a login.
            assert isinstance(route, APIRoute), (name, route)
            for method in sorted(route.methods):
                yield name, prefix, method, route.path


def a_wave(server: Server) -> None:
    """Play a wave of the dialect with one failure, and remember what stands in addresses."""
    with server.journey.legacy_superuser.begin() as legacy:
        legacy.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'ZZZ' WHERE account_number = %(spoiled)s",
            {"spoiled": SPOILED},
        )
    wave_id = play(server.journey, limit=3, name="pilot")
    cohort_id = cohort(server.journey, "north", size=2)
    (record,) = server.journey.rows("SELECT id FROM migration.import_process WHERE state = 'rejected'")
    server.given |= {
        "place": "tracking",
        "name": "console.css",
        "wave_id": str(wave_id),
        "record_id": str(record["id"]),
        "cohort_id": str(cohort_id),
        "kind": f"pause?wave={wave_id}",
        "dialect": DIALECT,
    }
    server.given["action_id"] = exported(server, wave_id)


def exported(server: Server, wave_id: int) -> str:
    """Order a list of what failed, as a person would. Returns the order's number."""
    page = server.ask("op", "GET", f"/migration/tracking/orders/new/export?wave={wave_id}")
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    assert hidden.get("shown") == "1", page.text
    sent = {name: unescape(value) for name, value in hidden.items()} | {"reason": "to mend"}
    given = server.ask("op", "POST", "/migration/tracking/orders", data=sent, headers=OWN_PAGE)
    assert given.status_code == 303, given.text
    return str(given.headers["location"].rpartition("/")[2])


def form_of(server: Server, who: str, path: str) -> dict[str, Any]:
    """Return what a page of ours would send to a route, as this user."""
    from airflow.sdk.configuration import conf

    from kraken_import.console import forms

    wave_id = server.given["wave_id"]
    said = {
        "/{place}/orders": {"id": str(uuid4()), "kind": "pause", "wave": wave_id, "reason": "so"},
        "/{place}/cut-over/pick": {"wave": wave_id, "picked": "hand_back:1"},
        "/{place}/customers": {"identifier": "nobody"},
    }
    key = str(conf.get_mandatory_value("api", "secret_key"))
    token = forms.token(key=key, user=who)
    return {forms.FIELD: token, **said.get(path, {})}


def filled(server: Server, path: str) -> str:
    """Return an address of a route for the wave."""
    if "{dag_id}" in path:
        here = {
            "dag_id": f"migrate_{DIALECT}",
            "run_id": "run-1",
            "folder": f"wave-{server.given['wave_id']}",
        }
        here |= {"name": "index.html"}
    else:
        here = server.given
    query = QUERIES.get(path, "")
    return (path.replace(":path}", "}") + query).format(**here)


@pytest.mark.parametrize("header", [{}, {"X-Console": "live"}], ids=["loaded", "by an open page"])
def test_every_route_gives_each_role_what_it_may_have(server: Server, header: dict[str, str]) -> None:
    a_wave(server)
    found: dict[str, tuple[int, ...]] = {}
    for name, prefix, method, path in routes_of(server):
        statuses = {}
        # Who may do most is first: what was read for one user is shown to no other who may not see it.
        for who in reversed(WHO):
            sent: dict[str, Any] = {"headers": header}
            if method != "GET":
                sent = {"data": form_of(server, who, path), "headers": OWN_PAGE | header}
            answer = server.ask(who, method, f"{prefix}{filled(server, path)}", **sent)
            statuses[who] = answer.status_code
            if who == "elsewhere" and answer.status_code < 400:
                assert "pilot" not in answer.text, path
            if who in ("viewer", "elsewhere"):
                assert f"orders/new/rerun?wave={server.given['wave_id']}" not in answer.text, path
        found[f"{name} {method} {path}"] = tuple(statuses[who] for who in WHO)
    missing = found.keys() - EXPECTED.keys()
    assert not missing, f"Say what each role gets of {sorted(missing)}: {[found[each] for each in missing]}"
    assert found == dict(EXPECTED)


def test_a_form_of_another_site_or_without_our_token_changes_nothing(server: Server) -> None:
    a_wave(server)
    before = server.journey.rows("SELECT id FROM migration.console_action")
    for name, prefix, method, path in routes_of(server):
        if method == "GET":
            continue
        where, form = f"{prefix}{filled(server, path)}", form_of(server, "admin", path)
        strange = {
            "no token": ({**form, "form_token": ""}, OWN_PAGE),
            "the token of another user": (form_of(server, "op", path), OWN_PAGE),
            "another origin": (form, {**OWN_PAGE, "Origin": "https://elsewhere.example"}),
            "no origin": (form, {}),
            "another site": (form, {**OWN_PAGE, "Sec-Fetch-Site": "cross-site"}),
        }
        for what, (data, headers) in strange.items():
            answer = server.ask("admin", method, where, data=data, headers=headers)
            assert answer.status_code == 403, (name, path, what)
    assert server.journey.rows("SELECT id FROM migration.console_action") == before


def test_without_its_connection_the_console_says_what_to_make(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_TRACKING_READER")
    answer = server.ask("op", "GET", "/migration/tracking/waves")
    assert answer.status_code == 503
    assert "there is no Connection &#39;tracking_reader&#39; in Airflow. Make one" in answer.text
    assert server.ask("anonymous", "GET", "/migration/tracking/waves").status_code == 401


def test_a_connection_that_may_not_read_is_named_with_the_right_that_is_missing(
    server: Server, monkeypatch: pytest.MonkeyPatch, postgres: Cluster
) -> None:
    legacy = server.journey.tracking.url.set(
        username=logins.LEGACY, password=postgres.password_of(user=logins.LEGACY)
    )
    monkeypatch.setenv("AIRFLOW_CONN_TRACKING_READER", connection(legacy))
    answer = server.ask("op", "GET", "/migration/tracking/waves")
    assert answer.status_code == 503
    assert "GRANT migration_reader TO" in answer.text


def test_an_identifier_is_in_no_log_and_no_address(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    a_wave(server)
    form = form_of(server, "admin", "/{place}/customers") | {"identifier": SPOILED}
    found = server.ask("admin", "POST", "/migration/tracking/customers", data=form, headers=OWN_PAGE)
    assert SPOILED not in found.headers["location"]
    seen = server.ask("admin", "GET", found.headers["location"])
    assert seen.status_code == 200
    assert SPOILED in seen.text
    logged = capfd.readouterr()
    assert "/migration/tracking/customers" in logged.out + logged.err
    assert SPOILED not in logged.out + logged.err
