"""Takes the stack down. Does not need the pipeline, so that it works whatever is broken there."""

from kraken_import.local import processes, state
from kraken_import.local.postgres import Cluster, open_cluster
from kraken_import.local.settings import DEFAULT_PORT_BASE, LOGS, RUN, Ports


def down() -> None:
    """End all processes of this checkout's stack, whatever is left of it."""
    with state.locked():
        ended = stop_everything(stack=state.load())
    print("The stack is down." if ended else "Nothing was running.")


def stop_everything(*, stack: state.Stack | None) -> bool:
    """End all processes, and Postgres last, since the others write to it. Returns whether there were any."""
    ended = processes.stop(components=stack.components if stack else (), logs=LOGS)
    cluster = cluster_of(ports=stack.ports if stack else Ports(base=DEFAULT_PORT_BASE))
    ended += cluster.running_port() is not None
    cluster.stop()
    # pg_ctl no longer reaches a server whose data folder was deleted.
    ended += processes.stop(logs=RUN)
    state.forget()
    return ended > 0


def cluster_of(*, ports: Ports) -> Cluster:
    """The stack's Postgres."""
    return open_cluster(home=RUN / "postgres", port=ports.postgres)
