"""What stands between a client and Postgres: a plain relay that can vanish."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_ATTACH_FILTER: Final = 26
_DROP_ALL: Final = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A filter program of one instruction: return 0, keep nothing."""


@dataclass(kw_only=True)
class Wire:
    """A listener whose connections end with the test."""

    listener: socket.socket
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def vanish(self) -> None:
        """Answer neither side any more, as a machine that has lost its power: not even the kernel does.

        A process that stops reading is no such machine, since its kernel goes on answering.
        """
        program = ctypes.create_string_buffer(_DROP_ALL)
        attached = struct.pack("HxxxxxxP", 1, ctypes.addressof(program))
        for each in self.sockets:
            each.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)


@contextmanager
def relay(*, to: int) -> Iterator[Wire]:
    """A relay to a port of this machine."""

    def serve(wire: Wire, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", to))
        wire.sockets += [client, server]
        threading.Thread(target=_pump, args=(server, client), daemon=True).start()
        _pump(client, server)

    with _listening(serve) as wire:
        yield wire


@contextmanager
def _listening(serve: Callable[[Wire, socket.socket], None]) -> Iterator[Wire]:
    wire = Wire(listener=socket.create_server(("127.0.0.1", 0)))

    def talk(client: socket.socket) -> None:
        with suppress(OSError), client:
            serve(wire, client)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = wire.listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=talk, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield wire
    finally:
        for each in (wire.listener, *wire.sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
