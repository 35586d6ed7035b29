"""A connection to another machine is encrypted and sure of its host, unless an operator says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from transforms.encryption import NO_TLS, demanded, distrust, warning

AUTHORITY = {"sslmode": "verify-full", "sslrootcert": "ours"}
OURS = {"PGSSLROOTCERT": "elsewhere"}


@pytest.mark.parametrize(
    ("parameters", "environment", "added"),
    [
        ({"host": "db.example.com"}, OURS, {"sslmode": "verify-full"}),
        ({"host": "db.example.com", "sslrootcert": "file"}, {}, {"sslmode": "verify-full"}),
        ({"host": "10.0.0.5"}, OURS, {"sslmode": "verify-full"}),
        ({"host": "::2"}, OURS, {"sslmode": "verify-full"}),
        ({"host": "localhost,db.example.com"}, OURS, {"sslmode": "verify-full"}),
        ({"host": "localhost", "hostaddr": "10.0.0.5"}, OURS, {"sslmode": "verify-full"}),
        ({}, {"PGHOST": "db.example.com", **OURS}, {"sslmode": "verify-full"}),
        ({"host": "localhost.example.com"}, OURS, {"sslmode": "verify-full"}),
        ({"service": "prod"}, {}, {"sslmode": "verify-full"}),
        ({"host": "localhost", "service": "prod"}, {}, {"sslmode": "verify-full"}),
        ({"host": "/var/run/postgresql"}, {"PGSERVICE": "prod"}, {"sslmode": "verify-full"}),
        ({"service": "prod", "sslmode": "disable"}, {}, {}),
        ({"service": "prod"}, {"PGSSLMODE": "verify-ca"}, {}),
        ({"host": "db.example.com", "sslmode": "require"}, {}, {}),
        ({"host": "db.example.com"}, {"PGSSLMODE": "disable"}, {}),
        ({"host": "localhost"}, {}, {}),
        ({"host": "127.0.0.1"}, {}, {}),
        ({"host": "127.1.2.3"}, {}, {}),
        ({"host": "::1"}, {}, {}),
        ({"host": "/var/run/postgresql"}, {}, {}),
        ({"host": None}, {}, {}),
        ({}, {}, {}),
    ],
)
def test_every_host_but_this_machine_must_prove_itself_unless_a_mode_is_said(
    parameters: dict[str, Any], environment: dict[str, str], added: dict[str, str]
) -> None:
    assert demanded(parameters=parameters, environment=environment) == added


def test_the_authorities_are_those_that_this_machine_trusts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trusted = tmp_path / "authorities.pem"
    trusted.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    found = demanded(parameters={"host": "db.example.com"}, environment={})
    assert found == {"sslmode": "verify-full", "sslrootcert": str(trusted)}


@pytest.mark.parametrize(
    ("dsn", "doubt"),
    [
        ("postgresql://db.example.com/x?sslmode=require", "LEGACY_DSN says sslmode=require, by which"),
        ("postgresql://db.example.com/x?sslmode=disable", "LEGACY_DSN says sslmode=disable, by which"),
        ("postgresql://db.example.com/x?sslmode=verify-full", ""),
        ("postgresql://db.example.com/x", ""),
        ("postgresql://localhost/x?sslmode=disable", ""),
        ("service=prod sslmode=require", "LEGACY_DSN says sslmode=require, by which"),
    ],
)
def test_a_mode_that_trusts_any_host_is_warned_of_in_one_sentence(dsn: str, doubt: str) -> None:
    found = warning(dsn=dsn, named="LEGACY_DSN")
    assert found.startswith(doubt)
    assert bool(found) is bool(doubt)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SSL error: certificate verify failed", "The certificate of the database of X is not trusted"),
        ('root certificate file "f" does not exist', "The certificate of the database of X is not trusted"),
        ('server certificate for "a" does not match', "The certificate of the database of X is not trusted"),
        ("server does not support SSL, but SSL was required", "The database of X does not speak TLS"),
        # As SQLAlchemy says it once libpq's words were taken out.
        (f"(psycopg2.OperationalError) {NO_TLS}\n(Background …)", "The database of X does not speak TLS"),
        ("SSL error: unexpected eof while reading", ""),
        ("SSL connection has been closed unexpectedly", ""),
        ("password authentication failed", ""),
    ],
)
def test_what_tls_refuses_says_what_to_do(text: str, sentence: str) -> None:
    found = distrust(error=ValueError(text), named="X")
    assert found.startswith(sentence)
    assert bool(found) is bool(sentence)
