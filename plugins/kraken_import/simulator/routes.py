"""Which operation a request asks for, and what its body holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

from kraken_import.simulator import replies, tokens
from kraken_import.simulator.keys import Key
from kraken_import.simulator.replies import Reply
from kraken_import.simulator.rules.declared import Objection

_PROCESSES: Final = "/v2/data-import/"
_LISTINGS: Final = "/v1/data-import/"


class Route(NamedTuple):
    """An operation on a resource. The key is in the path (`which` listing too) or else in the body."""

    operation: str
    resource: str
    key: Key | None = None
    which: str = ""


_POSTS: Final[Mapping[str, Route]] = {
    f"{_PROCESSES}{resource}/{rest}": Route(operation, resource)
    for resource in replies.KINDS
    for rest, operation in (("validate/", "validate"), ("", "create"))
}
"""Those of validations and creates, by their paths."""


class Envelope(NamedTuple):
    """The content of the body of a validation or a create."""

    payload: dict[str, Any]
    task_params: dict[str, Any]


def is_api(*, path: str) -> bool:
    """Whether a path belongs to the data-import API, which needs a token."""
    return path.startswith((_PROCESSES, _LISTINGS))


def find(*, method: str, path: str) -> Route | Reply:
    """The operation, or why there is none."""
    if method == "POST" and (route := _POSTS.get(path)) is not None:
        return route
    if path.startswith(_PROCESSES):
        return _process(method=method, parts=path.removeprefix(_PROCESSES).split("/"))
    if path.startswith(_LISTINGS):
        return _listing(method=method, parts=path.removeprefix(_LISTINGS).split("/"))
    if path == tokens.PATH:
        return Route("token", "") if method == "POST" else replies.not_allowed(method=method)
    return replies.NO_SUCH_PAGE


def _process(*, method: str, parts: list[str]) -> Route | Reply:
    resource, *rest = parts
    # A path ends in a slash, and no part of it is empty.
    if resource not in replies.KINDS or not rest or rest.pop() or "" in rest:
        return replies.NO_SUCH_PAGE
    match method, rest:
        case "GET", [supplier, identifier]:
            return Route("status", resource, Key(resource, unquote(supplier), unquote(identifier)))
        case _, [] | ["validate"] | [_, _]:
            return replies.not_allowed(method=method)
    return replies.NO_SUCH_PAGE


def _listing(*, method: str, parts: list[str]) -> Route | Reply:
    which, *rest = parts
    if which not in replies.LISTINGS or len(rest) != 2 or not rest[0] or rest[1]:
        return replies.NO_SUCH_PAGE
    if method != "GET":
        return replies.not_allowed(method=method)
    return Route("list", "accounts", Key("accounts", unquote(rest[0]), ""), which)


def open_envelope(*, body: bytes, is_bare: bool, needs_task_params: bool, style: str) -> Envelope | Reply:
    """Payload and task parameters, or the refusal of an envelope of the wrong form."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Reply(400, {"detail": "JSON parse error.", "code": "parse_error"})
    if not isinstance(document, dict):
        return Reply(400, {"detail": "An object is required.", "code": "invalid"})
    if is_bare:
        return _lacks("import_supplier", style) if "payload" in document else Envelope(document, {})
    payload, task_params = document.get("payload"), document.get("task_params")
    if not isinstance(payload, dict):
        return _lacks("payload", style)
    if needs_task_params and not isinstance(task_params, dict):
        return _lacks("task_params", style)
    return Envelope(payload, task_params if isinstance(task_params, dict) else {})


def key_of(*, resource: str, payload: Mapping[str, Any]) -> Key:
    """The key of a payload that is not checked yet."""
    if resource == "accounts":
        identifier = payload.get("external_account_number")
    else:
        point = payload.get("supply_point")
        identifier = point.get("identifier") if isinstance(point, dict) else None
    return Key(resource, str(payload.get("import_supplier")), str(identifier))


def _lacks(name: str, style: str) -> Reply:
    problem = Objection(name, "required", "This field is required.")
    return replies.refused(resource="accounts", style=style, problems=[problem])
