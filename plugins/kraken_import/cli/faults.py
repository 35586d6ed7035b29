"""Faults that other parts of the project raise in one sentence, with the exit codes that they stand for."""

from __future__ import annotations

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from kraken_import.cli.problems import ExitCode, Problem
from kraken_import.client.settings import UnableToReadConnection
from kraken_import.tracking.faults import tracking_fault
from kraken_import.usecases.faults import BadRequest, Retryable, SystemicFault
from transforms.additions import BadAddition
from transforms.assemble import FrameContractBroken
from transforms.database import DatabaseInterrupted, UnableToQuery
from transforms.project import BadProject, OtherVersionRequired
from transforms.rules.engine import RuleBroken

_REFUSED = (
    BadAddition,
    BadProject,
    BadRequest,
    FrameContractBroken,
    RuleBroken,
    SystemicFault,
    UnableToQuery,
)
_UNREACHABLE = (DatabaseInterrupted, Retryable)


def told(*, error: Exception) -> tuple[str, ExitCode] | None:
    """Return the sentence and the exit code of a fault that a setting, SQL, a right or data can cause.

    None for any other fault.
    """
    if isinstance(error, Problem):
        return str(error), error.exit_code
    if isinstance(error, OtherVersionRequired):
        return str(error), ExitCode.WRONG_VERSION
    if isinstance(error, UnableToReadConnection):
        return str(error), ExitCode.WRONG_USAGE
    if isinstance(error, _UNREACHABLE):
        return str(error), ExitCode.UNREACHABLE
    if isinstance(error, _REFUSED):
        return str(error), ExitCode.REFUSED
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used ({error.strerror}): name another.", ExitCode.REFUSED
    if isinstance(error, SQLAlchemyError):
        # Faults of the legacy database have their own sentences: this one comes from the tracking database.
        lost = isinstance(error, OperationalError)
        return str(tracking_fault(error=error)), ExitCode.UNREACHABLE if lost else ExitCode.REFUSED
    return None
