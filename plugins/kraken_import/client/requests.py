"""The requests of the data-import API. Pure: built here, sent by `session`.

Payloads are finished JSON bytes and are never parsed again: what was checked is what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote

import orjson

from kraken_import.client.settings import Envelope

IMPOSSIBLE_IDENTIFIER: Final = "connection-test"
"""An external identifier that no record can have."""


class UnableToSendTaskParams(Exception):
    """A bare body has no place for task parameters, so a dry run sent that way would be a live create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; the path is percent-encoded and relative to the Kraken's address."""

    method: Literal["GET", "POST"]
    path: str
    body: bytes | None = field(default=None, repr=False)


def validate_request(*, envelope: Envelope, resource: str, payload: bytes) -> Request:
    """Ask whether a payload is valid, without creating anything."""
    body = payload if envelope == "bare" else b'{"payload":' + payload + b"}"
    return Request(method="POST", path=f"/v2/data-import/{resource}/validate/", body=body)


def create_request(
    *, envelope: Envelope, resource: str, payload: bytes, task_params: Mapping[str, Any] | None
) -> Request:
    """Schedule the creation of a record. Raises `UnableToSendTaskParams`."""
    if envelope == "wrapped":
        body = b'{"payload":' + payload + b',"task_params":' + orjson.dumps(dict(task_params or {})) + b"}"
    elif task_params:
        raise UnableToSendTaskParams(
            "A Connection with envelope 'bare' cannot ask for a dry run: set the envelope to 'wrapped'."
        )
    else:
        body = payload
    return Request(method="POST", path=f"/v2/data-import/{resource}/", body=body)


def status_request(*, resource: str, import_supplier: str, external_identifier: str) -> Request:
    """Ask how the import process of a record stands."""
    supplier, identifier = quote(import_supplier, safe=""), quote(external_identifier, safe="")
    return Request(method="GET", path=f"/v2/data-import/{resource}/{supplier}/{identifier}/")


def listing_request(*, imported: bool, import_supplier: str) -> Request:
    """List every account that Kraken has an import process for, or those that it has imported (v1)."""
    which, supplier = "imported" if imported else "all", quote(import_supplier, safe="")
    return Request(method="GET", path=f"/v1/data-import/{which}-account-import-processes/{supplier}/")
