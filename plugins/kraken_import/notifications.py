"""Tells people about a wave through Airflow's notifiers, whichever the environment names.

`MIGRATION_NOTIFIERS` is a JSON list of `{"notifier": "import.path.Class", "kwargs": {…}}`. Texts among
the arguments are templates: `{{ migration.text }}` is the sentence. Whatever goes wrong here is logged in
one sentence and never touches the wave.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import Any, Final, cast

from airflow.sdk import BaseNotifier, Context

from kraken_import.usecases.announce import Announcement
from kraken_import.usecases.faults import SystemicFault

VARIABLE: Final = "MIGRATION_NOTIFIERS"

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS: Final = 30.0


def tell(*, context: Context, announcement: Callable[[], Announcement]) -> None:
    """Send an announcement to every notifier that is configured; it is made only if there is one."""
    if not os.environ.get(VARIABLE, "").strip():
        return
    try:
        told = cast(Context, {**context, "migration": announcement().values})
        wanted = _configured()
    except Exception as error:
        _log.warning("Nobody was notified: %s.", _reason(error=error))
        return
    for path, arguments in wanted:
        _send(path=path, arguments=arguments, context=told)


@contextmanager
def stop_announced(
    *, context: Context, announcement: Callable[[SystemicFault], Announcement]
) -> Iterator[None]:
    """Tell of the fault that stops a wave, once, and let it pass."""
    try:
        yield
    except SystemicFault as fault:
        if fault.stopped_now:
            reason = fault
            tell(context=context, announcement=lambda: announcement(reason))
        raise


class UnableToReadNotifiers(ValueError):
    """The environment names notifiers in a form that cannot be read; never quotes it, it may hold secrets."""


def _configured() -> list[tuple[str, Mapping[str, Any]]]:
    try:
        entries = json.loads(os.environ[VARIABLE])
        return [(str(entry["notifier"]), dict(entry.get("kwargs") or {})) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UnableToReadNotifiers(
            f'{VARIABLE} must be a JSON list of {{"notifier": "import.path.Class", "kwargs": {{…}}}}'
        ) from None


def _send(*, path: str, arguments: Mapping[str, Any], context: Context) -> None:
    failures: list[str] = []

    def run() -> None:
        try:
            module, _, name = path.rpartition(".")
            kind = getattr(import_module(module), name)
            if not issubclass(kind, BaseNotifier):
                raise TypeError("it is no BaseNotifier")
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


def _reason(*, error: Exception) -> str:
    """What may be logged of an error of a notifier's: its words may hold addresses and secrets."""
    return str(error) if isinstance(error, UnableToReadNotifiers) else type(error).__name__
