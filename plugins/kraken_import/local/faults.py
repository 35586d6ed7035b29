"""Faults that other parts of the project raise in one sentence, as the stack's commands show them."""

from kraken_import.airflow.environment import UnableToReadEnvironment
from kraken_import.cli.faults import told
from kraken_import.generator.load import NotTheGenerators


def sentence_of(*, error: Exception) -> str | None:
    """Return the sentence of a fault that a setting, SQL, a right or data can cause; None for any other."""
    if isinstance(error, NotTheGenerators | UnableToReadEnvironment):
        return str(error)
    known = told(error=error)
    return None if known is None else known[0]
