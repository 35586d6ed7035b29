"""The dialects as a caller may name them."""

from kraken_import.local.problems import StackProblem
from transforms.additions import BadAddition
from transforms.dialect import Dialect
from transforms.project import BadProject
from transforms.registry import UnknownDialect, get_dialect


class NoSuchDialect(StackProblem):
    """DIALECT names a dialect that does not exist."""


def dialect_named(*, name: str) -> Dialect:
    """Return the dialect. Raises NoSuchDialect, which lists the known ones or says what its files lack."""
    try:
        return get_dialect(name=name)
    except (UnknownDialect, BadAddition, BadProject) as error:
        raise NoSuchDialect(str(error)) from error
