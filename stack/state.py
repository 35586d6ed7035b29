"""What the running stack is, kept in .run/stack.json for the next command, and the lock between commands."""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

from stack.processes import Component
from stack.settings import RUN, Ports, Targets, write_private

_PATH = RUN / "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as the last command left it; Airflow's connections were last set to `targets`."""

    port_base: int
    targets: Targets = field(default_factory=Targets)
    components: tuple[Component, ...] = ()

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


def load() -> Stack | None:
    """The last stack; None when there is none."""
    if not _PATH.is_file():
        return None
    known = json.loads(_PATH.read_text())
    return Stack(
        port_base=known["port_base"],
        targets=Targets(**known["targets"]),
        components=tuple(Component(**each) for each in known["components"]),
    )


def save(*, stack: Stack) -> None:
    """Remember the stack; the file holds tokens and passwords, so only its owner reads it."""
    write_private(path=_PATH, text=json.dumps(asdict(stack), indent=2))


def forget() -> None:
    """There is no stack any more."""
    _PATH.unlink(missing_ok=True)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One command at a time starts or stops things; a second one waits for it."""
    RUN.mkdir(exist_ok=True)
    with (RUN / "stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
