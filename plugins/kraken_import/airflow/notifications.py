"""Tells people about waves, and about what goes wrong around them, through Airflow's notifiers.

`MIGRATION_NOTIFIERS` is a JSON list of `{"notifier": "import.path.Class", "kwargs": {…}}`. Texts among
the arguments are templates: `{{ migration.text }}` is the sentence with its link. Any failure here is
logged in one sentence and does not affect the wave.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, Final, cast

from airflow.sdk import BaseNotifier, Context
from airflow.sdk.exceptions import AirflowException

from kraken_import.airflow.connections import connection_ids
from kraken_import.airflow.links import console_page, page_of
from kraken_import.usecases.announce import Announcement, plan_failed
from kraken_import.usecases.faults import SystemicFault
from transforms.quiet import UnforeseenFault, is_ours

VARIABLE: Final = "MIGRATION_NOTIFIERS"
FILE_VARIABLE: Final = "MIGRATION_NOTIFIERS_FILE"

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS: Final = 30.0


def are_wanted() -> bool:
    """Return whether the environment names any notifiers."""
    return any(os.environ.get(name, "").strip() for name in (VARIABLE, FILE_VARIABLE))


def tell(*, context: Context, announcement: Callable[[], Announcement], link: str | None = None) -> bool:
    """Send an announcement to every notifier that is configured; it is made only if there is one.

    It links to the wave in the console, or to the run, unless another `link` is given. Returns whether a
    notifier accepted it.
    """
    if not are_wanted():
        return False
    try:
        made = announcement()
        values = made.values(link=_page(context=context, announcement=made) if link is None else link)
        told = cast(Context, {**context, "migration": values})
        wanted = _configured()
    except Exception as error:
        _log.warning("No notification was sent: %s.", _reason(error=error))
        return False
    sent = [_send(path=path, arguments=arguments, context=told) for path, arguments in wanted]
    return any(sent)


def failed_plan_announced(*, what: str, dialect: str | None = None) -> Callable[[Context], None]:
    """Return a callback that tells people why `what` could not be planned, once the task is not retried.

    Without a dialect it uses the one that the run's parameters name.
    """

    def announce(context: Context) -> None:
        tell(
            context=context,
            announcement=lambda: plan_failed(
                what=what,
                dialect=dialect or str(context["params"]["dialect"]),
                failure=_without(
                    identifiers=context["params"].get("identifiers") or (),
                    sentence=_sentence(error=context.get("exception")),
                ),
            ),
        )

    return announce


@contextmanager
def stop_announced(
    *, context: Context, announcement: Callable[[SystemicFault], Announcement]
) -> Iterator[None]:
    """Announce the fault that stops a wave, once, and raise it further."""
    try:
        yield
    except SystemicFault as fault:
        if fault.stopped_now:
            reason = fault
            tell(context=context, announcement=lambda: announcement(reason))
        raise


class UnableToReadNotifiers(ValueError):
    """The environment's notifiers cannot be read. The message never quotes them: they may hold secrets."""


def _configured() -> list[tuple[str, Mapping[str, Any]]]:
    try:
        file = os.environ.get(FILE_VARIABLE, "").strip()
        entries = json.loads(Path(file).read_text(encoding="utf-8") if file else os.environ[VARIABLE])
        return [(str(entry["notifier"]), dict(entry.get("kwargs") or {})) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError):
        raise UnableToReadNotifiers(
            f"{VARIABLE}, or the file that {FILE_VARIABLE} names, must be "
            f'a JSON list of {{"notifier": "import.path.Class", "kwargs": {{…}}}}'
        ) from None


def _page(*, context: Context, announcement: Announcement) -> str:
    if announcement.wave_id is not None:
        place = connection_ids(dialect=announcement.dialect).tracking
        return console_page(place=place, wave_id=announcement.wave_id)
    run = context["dag_run"]
    return page_of(dag_id=run.dag_id, run_id=run.run_id)


def _sentence(*, error: object) -> str:
    """Return why a task failed, in its own words if those are ours or Airflow's: others may quote values."""
    ours = isinstance(error, BaseException) and is_ours(error=error)
    if (ours and not isinstance(error, UnforeseenFault)) or isinstance(error, AirflowException):
        return " ".join(str(error).split())
    kind = getattr(error, "kind", type(error).__name__)
    what = "the task ended" if error is None else kind
    return f"{what}; the log of the task says more."


def _without(*, identifiers: Sequence[str], sentence: str) -> str:
    """Return the sentence without the customers that the run named: a message goes further than a log."""
    for identifier in sorted(identifiers, key=len, reverse=True):
        sentence = sentence.replace(identifier, "…")
    return sentence


def _send(*, path: str, arguments: Mapping[str, Any], context: Context) -> bool:
    failures: list[str] = []

    def run() -> None:
        try:
            module, _, name = path.rpartition(".")
            kind = getattr(import_module(module), name)
            if not issubclass(kind, BaseNotifier):
                raise TypeError("it is not a BaseNotifier")
            kind(**arguments)(context)
        except Exception as error:
            failures.append(_reason(error=error))

    # A mail server that does not answer must not hold up a wave.
    sender = Thread(target=run, daemon=True)
    sender.start()
    sender.join(_PATIENCE_SECONDS)
    if sender.is_alive():
        failures.append(f"no answer within {_PATIENCE_SECONDS:.0f} seconds")
    for failure in failures:
        _log.warning("Notifier %s failed (%s): the wave goes on.", path, failure)
    return not failures


def _reason(*, error: Exception) -> str:
    """Return what may be logged of a notifier's error: its words may contain addresses and secrets."""
    return str(error) if isinstance(error, UnableToReadNotifiers) else type(error).__name__
