"""Faults that other parts of the project raise in one sentence, as the commands show them."""

from sqlalchemy.exc import SQLAlchemyError

from kraken_import.airflow.environment import UnableToReadEnvironment
from kraken_import.client.settings import UnableToReadConnection
from kraken_import.generator.load import NotTheGenerators
from kraken_import.tracking.faults import tracking_fault
from kraken_import.usecases.faults import BadRequest, Retryable, SystemicFault
from transforms.additions import BadAddition
from transforms.assemble import FrameContractBroken
from transforms.database import DatabaseInterrupted, UnableToQuery
from transforms.rules.engine import RuleBroken

_SPOKEN = (
    BadAddition,
    BadRequest,
    DatabaseInterrupted,
    FrameContractBroken,
    NotTheGenerators,
    Retryable,
    RuleBroken,
    SystemicFault,
    UnableToQuery,
    UnableToReadConnection,
    UnableToReadEnvironment,
)


def sentence_of(*, error: Exception) -> str | None:
    """The sentence of a fault that a setting, SQL, a right or data can cause; None for any other."""
    if isinstance(error, _SPOKEN):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        # What reads the legacy database speaks for itself: this comes from the tracking database.
        return str(tracking_fault(error=error))
    return None
