"""`make payload`: prints the very bytes that validate would be sent for a customer."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kraken_import.client.requests import validate_request
from kraken_import.client.settings import KrakenSettings
from sqlalchemy import Engine
from stack import data, state, targets
from stack.problems import StackProblem
from stack.running import cluster_of, running
from stack.settings import DEFAULT_PORT_BASE, Ports, Wishes, load_secrets
from stack.targets import Systems
from transforms.build import BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, extract
from transforms.registry import UnknownDialect, dialect_names, get_dialect

_BATCH = 1_000


class UnableToPrintPayload(StackProblem):
    """Nothing to print, or not for everybody who was named."""
