"""A client of the stand-in as plain as can be, so that the pipeline's own cannot hide anything; payloads."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse, RemoteDisconnected
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from tests.conftest import ROOT, TOKEN

LOST = (ConnectionResetError, RemoteDisconnected)
"""What a connection that ends without an answer is told as."""
SAMPLES = ROOT / "tests" / "samples"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Kraken:
    """The stand-in at an address."""

    url: str

    def call(
        self,
        method: str,
        path: str,
        document: Any = None,
        authorization: str | None = f"Token {TOKEN}",
        seconds: float = 10,
    ) -> Answer:
        headers = {"Authorization": authorization} if authorization else {}
        body = None if document is None else json.dumps(document).encode()
        request = Request(self.url + path, method=method, data=body, headers=headers)
        try:
            with urlopen(request, timeout=seconds) as response:
                return _answer(response)
        except HTTPError as error:
            with error:
                return _answer(error)

    def validate(self, payload: Any, resource: str = "accounts") -> Answer:
        return self.call("POST", f"/v2/data-import/{resource}/validate/", {"payload": payload})

    def create(self, payload: Any, resource: str = "accounts", **task_params: Any) -> Answer:
        document = {"payload": payload, "task_params": task_params}
        return self.call("POST", f"/v2/data-import/{resource}/", document)

    def status(
        self, identifier: str, resource: str = "accounts", supplier: str = "TENTACLE_ENERGY"
    ) -> Answer:
        return self.call(
            "GET", f"/v2/data-import/{resource}/{quote(supplier, safe='')}/{quote(identifier, safe='')}/"
        )

    def ended(self, identifier: str, resource: str = "accounts", supplier: str = "TENTACLE_ENERGY") -> Any:
        """The status document once the process has ended."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            document = self.status(identifier, resource, supplier).document
            if document["status"] not in ("PENDING", "IN_PROGRESS"):
                return document
            time.sleep(0.02)
        raise AssertionError("The import process did not end.")

    def strike(self, **fault: Any) -> Answer:
        return self.call("POST", "/simulator/faults", fault)

    def suffer(self, **fault: Any) -> None:
        """Set a fault that can be."""
        answer = self.strike(**fault)
        assert answer.status == 201, answer.document

    def heal(self) -> None:
        self.call("DELETE", "/simulator/faults")

    def ledger(self) -> Any:
        return self.call("GET", "/simulator/ledger").document

    def created(self) -> dict[str, int]:
        keys = self.ledger()["keys"]
        return {key["external_identifier"]: key["created"] for key in keys}


def _answer(response: HTTPResponse | HTTPError) -> Answer:
    return Answer(response.status or 0, dict(response.headers), response.read())


def account(number: str = "EXTERNAL-1234", **changes: Any) -> dict[str, Any]:
    """The guide's account, without what is past by now and with a reference of its own."""
    payload: dict[str, Any] = json.loads((SAMPLES / "edf_accounts" / "payload.json").read_text())
    del payload["dunning_path"]["start_date"]
    payload["references"][0]["value"] = number
    return payload | {"external_account_number": number} | changes


def failing_account(number: str = "EXTERNAL-1234") -> dict[str, Any]:
    payload = account(number)
    payload["supply_addresses"][0]["meter_points"][0]["agreements"][0]["tariff_code"] = "OBSOLETE-1"
    return payload


def supply_point(substation: str = "123456789") -> dict[str, Any]:
    path = SAMPLES / "essential_supply_points_cdns" / "payload.json"
    payload: dict[str, Any] = json.loads(path.read_text())
    payload["supply_point"]["substation"] = substation
    return payload
