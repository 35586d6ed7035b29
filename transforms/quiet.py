"""What may be said of an error that no sentence of ours stands for: its kind and its place, never its words.

Errors of pandas, pydantic, JSON parsers and drivers quote what they were given, and that is personal. So
what they say never leaves the process: not in a log, a traceback, or a person's screen.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg2
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from transforms.database import DatabaseInterrupted, state_of

_OURS: Final = frozenset({"kraken_import", "transforms"})
_ROOT: Final = Path(__file__).resolve().parents[1]


class UnforeseenFault(Exception):
    """An error that no part of the pipeline expects. One sentence, without any value."""

    def __init__(self, sentence: str, /, *, kind: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        """The name of the error's own class."""


def is_ours(*, error: BaseException) -> bool:
    """Return whether an error is of the pipeline, so that its words are a sentence without values."""
    return type(error).__module__.partition(".")[0] in _OURS


def said(*, error: BaseException) -> str:
    """Return an error's own words if it is ours, otherwise its kind and its place."""
    if is_ours(error=error):
        return " ".join(str(error).split())
    state = f" ({state_of(error=error)})" if isinstance(error, SQLAlchemyError | psycopg2.Error) else ""
    return f"{type(error).__name__}{state}{_place(error=error)}"


def quieted(*, error: Exception) -> Exception:
    """Return what to raise in place of an error: itself if it is ours, without what it came from.

    A database that went away becomes `DatabaseInterrupted`, anything else `UnforeseenFault`; both keep the
    lines of code that the error went through, and none of its words.
    """
    # A group shows its members, and they may be of others.
    if is_ours(error=error) and not isinstance(error, ExceptionGroup):
        forget_origin(error=error)
        return error
    quiet: Exception
    if _is_lost_database(error=error):
        quiet = DatabaseInterrupted("The work on a database was interrupted: try again.")
    else:
        quiet = UnforeseenFault(
            f"This failed unexpectedly, with {said(error=error)}: report it with the lines of code above.",
            kind=type(error).__name__,
        )
    return quiet.with_traceback(error.__traceback__)


def forget_origin(*, error: BaseException) -> None:
    """Take from an error what it came from and what was noted on it; its class and words stay."""
    error.__cause__, error.__context__, error.__suppress_context__ = None, None, True
    error.__dict__.pop("__notes__", None)


def traced(*, error: BaseException) -> str:
    """Return a traceback as Python prints it, with what caused the error, and without words of others."""
    return "".join(_traced(error=error, seen=set())).rstrip()


def _traced(*, error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in seen:
        yield from _traced(error=cause, seen=seen)
        yield "\nAfter this came:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.extract_tb(error.__traceback__).format()
    yield f"{type(error).__name__}: {said(error=error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield "\nOne of its errors:\n\n"
            yield from _traced(error=each, seen=seen)


def _is_lost_database(*, error: Exception) -> bool:
    # What callers and the retries of tasks take for a fault that passes by itself.
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolExhausted)


def _place(*, error: BaseException) -> str:
    """The last line of ours that an error went through, or its last line at all."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    ours = (frame for frame in reversed(frames) if _OURS & set(Path(frame.filename).parts))
    frame = next(ours, frames[-1])
    file = Path(frame.filename)
    shown = file.relative_to(_ROOT) if file.is_relative_to(_ROOT) else file.name
    return f" in {shown}, line {frame.lineno}"
