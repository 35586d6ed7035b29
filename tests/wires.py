"""What stands between a client and Postgres: a plain relay that can vanish, a pooler of transactions."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Final, Literal

import psycopg2

_SSL_REQUEST: Final = 80_877_103
_GSS_REQUEST: Final = 80_877_104
_IDLE: Final = b"Z\x00\x00\x00\x05I"
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

        A process that stops reading is different, since its kernel goes on answering.
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
def tls_relay(*, to: int, certificate: Path) -> Iterator[Wire]:
    """A relay that speaks TLS with its clients, as a Postgres that was built with it does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(wire: Wire, client: socket.socket) -> None:
        while struct.unpack("!II", _exactly(client, 8))[1] != _SSL_REQUEST:
            client.sendall(b"N")
        client.sendall(b"S")
        with suppress(ssl.SSLError):
            encrypted = context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", to))
            wire.sockets += [encrypted, server]
            _carry(one=encrypted, other=server)

    with _listening(serve) as wire:
        yield wire


def _carry(*, one: ssl.SSLSocket, other: socket.socket) -> None:
    """Carry both ways in one thread, since an encrypted socket is not for two."""
    while True:
        ready = [one] if one.pending() else select.select([one, other], [], [])[0]
        for source in ready:
            if not (data := source.recv(65_536)):
                return
            (other if source is one else one).sendall(data)


@contextmanager
def pooler(
    *, dsn: str, backends: Queue[socket.socket], size: int, by: Literal["transaction", "session"]
) -> Iterator[Wire]:
    """A pooler that lends a backend for each transaction or session, in the order of the queue `backends`."""
    logins = [psycopg2.connect(dsn) for _ in range(size)]
    lendable: list[socket.socket] = []
    for login in logins:
        backend = socket.socket(fileno=os.dup(login.fileno()))
        # libpq reads its sockets without waiting.
        backend.setblocking(True)
        backends.put(backend)
        lendable.append(backend)
    parameters = {
        name: logins[0].get_parameter_status(name)
        for name in ("server_version", "client_encoding", "standard_conforming_strings", "DateStyle")
    }

    def serve(wire: Wire, client: socket.socket) -> None:
        wire.sockets.append(client)
        _greet(client=client, parameters=parameters)
        lent: socket.socket | None = None
        while (message := _message(client)) and message[:1] != b"X":
            lent = lent or backends.get()
            lent.sendall(message)
            while True:
                answer = _message(lent)
                if answer[:1] == b"Z":
                    break
                client.sendall(answer)
            # Before the client hears of it, as in a pooler of one thread: its next transaction finds it free.
            if answer == _IDLE and by == "transaction":
                backends.put(lent)
                lent = None
            client.sendall(answer)

    try:
        with _listening(serve) as wire:
            yield wire
    finally:
        for each in (*lendable, *logins):
            each.close()


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


def _greet(*, client: socket.socket, parameters: dict[str, str | None]) -> None:
    """Let a client in as poolers do, with a key of no backend."""
    while True:
        (length,) = struct.unpack("!I", _exactly(client, 4))
        (code,) = struct.unpack("!I", _exactly(client, length - 4)[:4])
        if code not in (_SSL_REQUEST, _GSS_REQUEST):
            break
        client.sendall(b"N")
    said = [b"R" + struct.pack("!II", 8, 0)]
    for name, value in parameters.items():
        text = f"{name}\0{value}\0".encode()
        said.append(b"S" + struct.pack("!I", len(text) + 4) + text)
    said += [b"K" + struct.pack("!III", 12, 1, 1), b"Z" + struct.pack("!I", 5) + b"I"]
    client.sendall(b"".join(said))


def _message(source: socket.socket) -> bytes:
    """A message with its type and length; empty at the end."""
    head = _exactly(source, 5)
    return head and head + _exactly(source, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            return b""
        found += more
    return found
