"""A connection of uvicorn's that answers most requests as their last byte comes, without a task for each."""

from __future__ import annotations

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kraken_import.simulator.app import Begun, Simulator
from kraken_import.simulator.replies import Reply

_METHODS: Final = frozenset((b"GET", b"POST"))
_CRASHED: Final = Reply(500, b"Internal Server Error", (), b"text/plain; charset=utf-8")


class Line(HttpToolsProtocol):
    """One connection.

    What `Simulator.begin` takes on needs neither a task nor messages; all else, and whatever is out of the
    ordinary in the request, goes the way of uvicorn itself. Both ways answer the same, byte by byte.
    """

    _begun: Begun | None = None
    _parts: list[bytes]
    _is_last: bool = False
    """Whether the connection is to be closed after the answer."""

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Begin to serve a request whose body is not read yet."""
        self._begun, self._parts = self._begin(), []
        if self._begun is None:
            self._go_the_long_way()

    def on_body(self, body: bytes) -> None:
        """Take in a part of the body."""
        if self._begun is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Answer a request that is there as a whole."""
        begun = self._begun
        if begun is None:
            super().on_message_complete()
            return
        self._begun, body = None, b"".join(self._parts)
        if begun.simulator.faults.active:
            # They were set while the body was on its way.
            begun.visit.withdraw()
            self._go_the_long_way()
            super().on_body(body)
            super().on_message_complete()
            return
        self._answer(begun, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a request that will not be there as a whole."""
        if self._begun is not None:
            self._begun.visit.leave()
            self._begun = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection, after the answer to what is under way."""
        if self._begun is None:
            super().shutdown()
        else:
            self._is_last = True

    def _begin(self) -> Begun | None:
        parser, app = self.parser, self.app
        if (
            not isinstance(app, Simulator)
            or parser.get_method() not in _METHODS
            or self.expect_100_continue
            or parser.should_upgrade()
            or self.flow.write_paused
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.transport.is_closing()
        ):
            return None
        return app.begin(method=parser.get_method().decode(), target=self.url)

    def _go_the_long_way(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _answer(self, begun: Begun, body: bytes) -> None:
        visit = begun.visit
        is_last = self._is_last or not self.parser.should_keep_alive() or self._is_old()
        try:
            reply = begun.reply(headers=self.headers, body=body)
            content = reply.content
            headers = visit.headers(reply=reply, length=len(content))
        except Exception as error:  # As uvicorn does it.
            self.logger.error("Exception in ASGI application\n", exc_info=error)
            reply, is_last = _CRASHED, True
            content = reply.content
            headers = [(b"content-type", reply.content_type), (b"content-length", b"%d" % len(content))]
        finally:
            visit.leave()
        if is_last:
            headers.append((b"connection", b"close"))
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join((STATUS_LINE[reply.status], *lines, b"\r\n", content)))
        if is_last:
            self.transport.close()
        self.on_response_complete()

    def _is_old(self) -> bool:
        version: Any = self.parser.get_http_version()
        return bool(version == "1.0")
