"""How to reach one Kraken, read from the fields of an Airflow Connection."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from yarl import URL

from kraken_import.client.allowed import check_host
from kraken_import.client.extras import READERS, check_pair, choice, is_sendable, read_policies
from kraken_import.domain.policies import PolicySettings
from transforms.wording import shown_value

Envelope: TypeAlias = Literal["wrapped", "bare"]
SignIn: TypeAlias = Literal["none", "organisation_key", "api_key", "email"]
"""How a token is obtained; none: the password is sent as the token."""

SECRETS: Final[Mapping[SignIn, str]] = {
    "organisation_key": "organisation key",
    "api_key": "API key",
    "email": "e-mail and password",
}
"""What people call the secret that a token is obtained with."""

_GRAPHQL: Final = "/v1/graphql/"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_JWT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_NO_HOST: Final = "the host must be a name or an address beginning with https://."


class UnableToReadConnection(Exception):
    """A Connection has a field that makes Kraken unreachable; the message names it and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KrakenSettings:
    """How to reach one Kraken. Times are in seconds."""

    base_url: str
    """Scheme, host and port, without a trailing slash."""
    token: str = field(repr=False)
    """The password: a token, or with `sign_in` the secret that a token is obtained with."""
    sign_in: SignIn = "none"
    login: str | None = field(default=None, repr=False)
    """The e-mail address that signs in."""
    sign_in_path: str = _GRAPHQL
    """Where a token is obtained."""
    connection_id: str = "kraken"
    envelope: Envelope = "wrapped"
    """wrapped: `{"payload": …}` as the served schema requires; bare: the object itself."""
    region: str | None = None
    """Two-letter country code of phone numbers without a prefix."""
    zone: str | None = None
    """Time zone of legacy times without an offset."""
    requests_in_flight: int = 32
    """Requests of one task under way at once."""
    requests_at_once: int = 128
    """Requests under way at once to this Kraken, from all machines together."""
    requests_per_second: float | None = None
    """Requests per second from all machines together."""
    accounts_at_once: int | None = None
    """Accounts that this Kraken may have accepted and not finished; None: no limit."""
    creates_per_day: int | None = None
    """Creates per day in this Connection's zone, or in UTC."""
    connect_timeout: float = 10.0
    request_timeout: float = 60.0
    visibility_window: float = 30.0
    """How long a create may stay invisible at the status endpoint."""
    patience: float = 1800.0
    """How long to keep trying a Kraken that gives no usable answer before its waves are stopped."""
    ca_bundle: str | None = None
    """File with the certificates to trust instead of the system's."""
    client_certificate: str | None = None
    """File with the certificate by which Kraken, or what is in front of it, knows this client."""
    client_key: str | None = None
    """File with its key; None where it stands in the same file."""
    import_suppliers: Mapping[str, str] = field(default_factory=dict)
    """Import supplier by dialect."""
    configured_values: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """Codes that this client names differently: legacy code to Kraken's, by dialect and setting."""
    policies: Mapping[str, PolicySettings] = field(default_factory=dict)
    """Policies where nothing stricter is given, by dialect. A Connection's are read at first use."""

    @property
    def target(self) -> str:
        """The identity of this Kraken: lower-case scheme and host, and the port."""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        shown = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{shown}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"

    @property
    def shown_certificate(self) -> tuple[str, str] | None:
        """The files of this client's certificate and its key."""
        if self.client_certificate is None:
            return None
        return self.client_certificate, self.client_key or self.client_certificate

    @property
    def authorization(self) -> str:
        """The Authorization header for the Connection's token: a JWT as it is, a key after `Token`.

        Raises `RuntimeError` where a token must be obtained first, as `client.tokens` does.
        """
        if self.sign_in != "none":
            raise RuntimeError("The secret that signs in is never sent as a token.")
        return self.token if is_jwt(text=self.token) else f"Token {self.token}"

    @classmethod
    def from_connection_fields(
        cls,
        *,
        connection_id: str = "kraken",
        host: str | None,
        schema: str | None = None,
        port: int | None = None,
        login: str | None = None,
        password: str | None,
        extra: Mapping[str, Any] | None = None,
    ) -> KrakenSettings:
        """Read an Airflow Connection. Raises `UnableToReadConnection`, never naming the token.

        Errors in its policies are raised only when they are read: a task that only polls does not need them.
        """
        try:
            values = _read_extra(extra={} if extra is None else extra)
            stated = values.pop("policies", None)
            allow_http = values.pop("allow_http", False)
            sign_in = values.get("sign_in", "none")
            check_pair(certificate=values.get("client_certificate"), key=values.get("client_key"))
            settings = cls(
                base_url=_base_url(host=host, schema=schema, port=port, allow_http=allow_http),
                token=_token(password=password) if sign_in == "none" else _secret(sign_in, password),
                login=_login(login=login) if sign_in == "email" else None,
                connection_id=connection_id,
                policies=_StatedPolicies(connection_id=connection_id, stated=stated),
                **values,
            )
            check_host(base_url=settings.base_url)
        except ValueError as error:
            raise UnableToReadConnection(f"Connection {connection_id!r}: {error}") from None
        return settings


def is_jwt(*, text: str) -> bool:
    """Return whether a text has the form of a JWT: three base64 words with dots between them."""
    return _JWT.fullmatch(text) is not None


class _StatedPolicies(Mapping[str, PolicySettings]):
    """The policies of a Connection, read when a wave is planned: a typo in them must not end polling."""

    def __init__(self, *, connection_id: str, stated: Any) -> None:
        self._connection_id = connection_id
        self._stated = stated

    def __getitem__(self, dialect: str) -> PolicySettings:
        return self._read()[dialect]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, PolicySettings]:
        if self._stated is None:
            return {}
        try:
            return read_policies(value=self._stated)
        except ValueError as error:
            raise UnableToReadConnection(
                f"Connection {self._connection_id!r}: extra field 'policies' {error}."
            ) from None


def _base_url(*, host: str | None, schema: str | None, port: int | None, allow_http: bool) -> str:
    if not host or not host.strip():
        raise ValueError("the host is missing: put Kraken's address there, for example https://api.….energy.")
    text = host.strip() if "://" in host else f"{schema or 'https'}://{host.strip()}"
    try:
        parts = urlsplit(text)
        hostname = _ascii_name(hostname=parts.hostname or "")
    except ValueError:
        raise ValueError(_NO_HOST) from None
    try:
        # Airflow's form saves an empty port as 0.
        given_port = parts.port or port or None
    except ValueError:
        raise ValueError("the port in the host is not a number between 1 and 65535.") from None
    if parts.scheme not in _DEFAULT_PORTS or not hostname:
        raise ValueError(_NO_HOST)
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError("the host must be scheme, name and port alone; the token belongs into the password.")
    if given_port is not None and not 1 <= given_port <= 65535:
        raise ValueError("the port must be between 1 and 65535.")
    if parts.scheme == "http" and not allow_http and not _is_loopback(host=hostname):
        raise ValueError(
            "http would send the token and personal data unencrypted: use https, or set allow_http in the "
            "extra fields for a network that you trust."
        )
    name = f"[{hostname}]" if ":" in hostname else hostname
    return f"{parts.scheme}://{name}" + (f":{given_port}" if given_port else "")


def _ascii_name(*, hostname: str) -> str:
    """Return the name as requests carry it. Raises `ValueError` for a name that cannot be requested."""
    # aiohttp and the resolver each refuse some names, both too late.
    found = URL(f"https://[{hostname}]" if ":" in hostname else f"https://{hostname}").raw_host or ""
    found.encode("idna")
    if not hostname.isprintable() or " " in hostname:
        raise ValueError("a name has no blanks")
    return hostname if hostname.isascii() else found


def _is_loopback(*, host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(*, password: str | None) -> str:
    token = (password or "").strip()
    if not token:
        raise ValueError("the token is missing: put the API key or JWT into the password field.")
    if not _is_word(text=token):
        raise ValueError("the token in the password field must be one word of plain letters and digits.")
    return token


def _secret(sign_in: SignIn, password: str | None) -> str:
    """Return the secret that signs in. A person's password may have any characters, even outer blanks."""
    if sign_in == "email":
        if not password:
            raise ValueError("the password is missing: put the one of the e-mail address there.")
        if not is_sendable(text=password):
            raise ValueError("the password contains a broken character: type it again.")
        return password
    key = (password or "").strip()
    if not key:
        raise ValueError(f"the password is missing: put the {SECRETS[sign_in]} there.")
    if not _is_word(text=key):
        raise ValueError(f"the {SECRETS[sign_in]} in the password field must be one word of plain letters.")
    return key


def _login(*, login: str | None) -> str:
    if not login or not login.strip():
        raise ValueError(
            "the login is missing: put the e-mail address that signs in there, or change the extra field "
            "'sign_in'."
        )
    if not is_sendable(text=login):
        raise ValueError("the login contains a broken character: type it again.")
    return login.strip()


def _is_word(*, text: str) -> bool:
    """Return whether a header can carry a text as one word."""
    return text.isascii() and text.isprintable() and " " not in text


def _read_extra(*, extra: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(extra, Mapping):
        raise ValueError("the extra fields are not a JSON object: correct them.")
    unknown = sorted(set(extra) - set(_READERS))
    if unknown:
        raise ValueError(
            f"extra field {shown_value(value=unknown[0])} is not known: the known ones are "
            f"{', '.join(sorted(_READERS))}."
        )
    values = {}
    for name, value in extra.items():
        if value is None or value == "":
            continue
        try:
            values[name] = _READERS[name](value)
        except ValueError as error:
            raise ValueError(f"extra field {name!r} {error}.") from None
    return values


_READERS: Final[dict[str, Callable[[Any], Any]]] = {"sign_in": choice("none", *SECRETS), **READERS}
