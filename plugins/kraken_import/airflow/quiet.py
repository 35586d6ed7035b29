"""The last door before Airflow's log: an error of a task or a trigger leaves without what it quotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

from transforms.cpu_clock import a_task
from transforms.quiet import forget_origin, quieted

_ENTRIES: Final = ("execute", "execute_complete", "resume")
"""The methods of an operator by which Airflow begins a task, or goes on with it."""


class QuietOperator:
    """Gives the operators below it the door around each of their methods that Airflow calls."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _ENTRIES:
            if name in vars(cls):
                setattr(cls, name, _quiet(vars(cls)[name]))


@contextmanager
def without_values() -> Iterator[None]:
    """Raise the errors of this context without what they quote.

    Airflow's own, and what ends a process or a task from outside, keep their class and their words: they are
    how Airflow tells what becomes of a task. They too leave without the error that they came from.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "airflow":
            forget_origin(error=error)
            raise
        raise quieted(error=error) from None
    except BaseException as error:
        forget_origin(error=error)
        raise


def _quiet(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        with without_values():
            with a_task(name=type(self).__name__):
                return method(self, *args, **kwargs)

    return run
