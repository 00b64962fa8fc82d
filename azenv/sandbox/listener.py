"""The sockets: threads that speak HTTP/1.1 on 127.0.0.1, with TLS or without."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from azenv.sandbox.web import NO_ANSWER, Request, Response, as_json

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

MAX_BODY = 1 << 20
TIMEOUT_S = 30


class Listener(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1 that hands each request to `answers`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        answers: Callable[[Request], Response],
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.context = context
        self.clock = clock
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="sandbox", daemon=True
        )

    @property
    def port(self) -> int:
        """Return the port that the system chose."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more; free the port."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()

    def finish_request(self, request: object, client_address: object) -> None:
        """Shake hands here, in the connection's own thread: a slow client delays no other."""
        connection: socket.socket = request  # type: ignore[assignment]
        connection.settimeout(TIMEOUT_S)
        if self.context is None:
            _Handler(connection, client_address, self)
            return
        with self.context.wrap_socket(connection, server_side=True) as secured:
            _Handler(secured, client_address, self)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about clients that hang up or distrust the certificate."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "azenv-sandbox"
    sys_version = ""

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(as_json({"error": "the body is too long"}, 413))
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.casefold(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        try:
            response = self.server.answers(request)
        except Exception as error:  # noqa: BLE001  the boundary: a bug is told, not hung up on
            response = as_json({"error": f"a bug in the sandbox: {error!r}"}, 500)
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  names of the base class

    def _send(self, response: Response) -> None:
        if response.status == NO_ANSWER:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header by the cloud's clock."""
        return super().date_time_string(self.server.clock() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Log nothing: requests carry secrets."""
