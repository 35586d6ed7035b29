"""The dialects as a caller may name them."""

from kraken_import.local.problems import StackProblem
from transforms.additions import BadAddition
from transforms.dialect import Dialect
from transforms.registry import UnknownDialect, get_dialect


class NoSuchDialect(StackProblem):
    """DIALECT names none that there is."""


def dialect_named(*, name: str) -> Dialect:
    """The dialect; raises NoSuchDialect, which lists the known ones or says what its additions lack."""
    try:
        return get_dialect(name=name)
    except (UnknownDialect, BadAddition) as error:
        raise NoSuchDialect(str(error)) from error
