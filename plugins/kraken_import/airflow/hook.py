"""Airflow's hook for a Kraken: its Connection type, and the Test button of the connection form."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from airflow.sdk import BaseHook
from airflow.sdk.log import amask_secret, mask_secret

from kraken_import.airflow.connections import kraken_settings
from kraken_import.client.probe import Probed, Reason, UnableToAsk, probe
from kraken_import.client.requests import IMPOSSIBLE_IDENTIFIER
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.client.sign_in import UnableToSignIn
from kraken_import.client.tokens import source_of

_UNANSWERED: Final[dict[Reason, str]] = {
    "certificate": "has a certificate that is not trusted: name its authority in the CA bundle.",
    "time": "does not answer in time: check the host and the network.",
    "unreachable": "cannot be reached: check the host, the port and the network.",
}


class KrakenHook(BaseHook):
    """Reads a Connection of type kraken and masks its token. `kraken_import.client` sends the requests."""

    conn_name_attr = "kraken_conn_id"
    default_conn_name = "kraken"
    conn_type = "kraken"
    hook_name = "Kraken"

    def __init__(self, kraken_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kraken_conn_id = kraken_conn_id

    def get_conn(self) -> KrakenSettings:
        """Return the settings of the Connection. Raises `UnableToReadConnection`."""
        settings = kraken_settings(connection=self.get_connection(self.kraken_conn_id))
        mask_secret(settings.token)
        return settings

    async def aget_conn(self) -> KrakenSettings:
        """Return the same, read again from Airflow without blocking the event loop."""
        settings = kraken_settings(connection=await self.aget_connection(self.kraken_conn_id))
        await amask_secret(settings.token)
        return settings

    def test_connection(self) -> tuple[bool, str]:
        """Sign in if needed, and ask for an impossible record. Returns success, and a sentence."""
        try:
            settings = self.get_conn()
            # Otherwise read only where waves are planned, so a typo in them is reported here.
            dict(settings.policies)
            source = source_of(settings=settings)
            authorization = settings.authorization if source is None else source.obtain()
        except (UnableToReadConnection, UnableToSignIn) as error:
            return False, str(error)
        where = urlsplit(settings.base_url).netloc
        try:
            answer = probe(
                settings=settings,
                authorization=authorization,
                import_supplier=next(iter(settings.import_suppliers.values()), IMPOSSIBLE_IDENTIFIER),
                seconds=settings.connect_timeout + settings.request_timeout,
            )
        except UnableToAsk as error:
            return False, f"{where} {_UNANSWERED[error.reason]}"
        return _judge(answer=answer, where=where, signs_in=source is not None)


def _judge(*, answer: Probed, where: str, signs_in: bool) -> tuple[bool, str]:
    status = answer.status
    if status == 200 or (status == 404 and answer.code == "not_found"):
        return True, f"{where} answers, and accepts the token."
    if status == 401 and signs_in:
        return False, (
            f"{where} refuses the token that it has just issued (401): ask Kraken's support whether it may "
            "import data."
        )
    if status == 401:
        return False, f"{where} refuses the token (401): put a valid API key or JWT into the password."
    if status == 403:
        return False, f"{where} does not let this token import data (403): ask for the permission."
    return False, f"{where} answers HTTP {status}, not like a data-import API: check the host."
