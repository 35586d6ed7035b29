"""The description of the running stack, kept in .run/stack.json for the next command, and their lock."""

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kraken_import.local.problems import StackProblem, called
from kraken_import.local.processes import Component
from kraken_import.local.settings import RUN, Ports, Targets
from transforms.private import write_private

HIGHEST_PORT = 65_535
_PATH = RUN / "stack.json"


class UnableToReadState(StackProblem):
    """The state file is not one that a command writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as the last command left it; Airflow's connections were last set to `targets`."""

    port_base: int
    targets: Targets = field(default_factory=Targets)
    components: tuple[Component, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where its systems are, for `kraken-migrate`: TRACKING_DSN, KRAKEN_URL and the like, with secrets."""

    @property
    def ports(self) -> Ports:
        """Its ports."""
        return Ports(base=self.port_base)

    def component(self, *, name: str) -> Component | None:
        """The component of that name, if it was ever started."""
        return next((each for each in self.components if each.name == name), None)

    def with_component(self, *, component: Component) -> "Stack":
        """The same with this component in place of an earlier one of its name."""
        others = tuple(each for each in self.components if each.name != component.name)
        return replace(self, components=(*others, component))


def load(*, path: Path = _PATH) -> Stack | None:
    """The last stack; None when there is none. Raises UnableToReadState for a file that is damaged."""
    if not path.is_file():
        return None
    try:
        return _stack(known=json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UnableToReadState(
            f"{path.name} in .run is damaged: end what still runs of the stack (`ps` shows it), delete the "
            f"file, and start again with {called(command='up')}."
        ) from None


def _stack(*, known: Any) -> Stack:
    """Read a stack. Raises ValueError, TypeError or KeyError if `save` has not written it."""
    stack = Stack(
        port_base=known["port_base"],
        targets=Targets(**known["targets"]),
        components=tuple(Component(**each) for each in known["components"]),
        # A stack that an earlier version has started names none.
        places=dict(known.get("places", {})),
    )
    told = (stack.port_base, *(each.pid for each in stack.components))
    times = [time for each in stack.components for time in (each.created, each.launched)]
    names = (*stack.places, *stack.places.values(), *(each.name for each in stack.components))
    texts = (*asdict(stack.targets).values(), *names)
    if (
        any(type(number) is not int or number < 1 for number in told)
        or stack.ports.postgres > HIGHEST_PORT
        or not all(isinstance(time, int | float) and time >= 0 for time in times)
        or not all(text is None or isinstance(text, str) for text in texts)
    ):
        raise ValueError("no command writes this")
    return stack


def save(*, stack: Stack) -> None:
    """Save the stack; the file holds tokens and passwords, so only its owner can read it."""
    write_private(path=_PATH, text=json.dumps(asdict(stack), indent=2))


def forget() -> None:
    """Record that there is no stack any more."""
    _PATH.unlink(missing_ok=True)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the lock that lets one command at a time start or stop things; a second one waits for it."""
    RUN.mkdir(exist_ok=True)
    with (RUN / "stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
