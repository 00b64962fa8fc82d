"""A running local Azure: start, stop, and what clients must be told about it."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Self

from azenv.sandbox import certificates, routes
from azenv.sandbox.cloud import Cloud
from azenv.sandbox.listener import Listener
from azenv.sandbox.population import Population

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azenv.sandbox.web import Request, Response

WATCH_INTERVAL_S = 0.5


class Sandbox:
    """A local Azure on 127.0.0.1.

    It stops when it is told to, after `idle_s` seconds without a request, and, with
    `follow_parent`, when the process that started this one is gone.
    """

    def __init__(
        self,
        population: Population | None = None,
        *,
        idle_s: float | None = None,
        follow_parent: bool = False,
    ) -> None:
        self.cloud = Cloud(population or Population.generate())
        self.ca_file = ""
        self.stopped = threading.Event()
        self._idle_s = idle_s
        self._parent = os.getppid() if follow_parent else None
        self._heard = time.monotonic()
        self._directory = ""
        self._bundle = ""
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Return where Entra ID and ARM are, without a slash at the end."""
        return self.cloud.url

    @property
    def identity_url(self) -> str:
        """Return where managed identities are, without a slash at the end."""
        return f"http://127.0.0.1:{self._listeners[1].port}"

    def start(self) -> Self:
        """Make keys and certificates, and listen; interrupted, it leaves nothing either."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self._directory = tempfile.mkdtemp(prefix="azenv-sandbox-")
        self.ca_file, context = certificates.make(self._directory)
        self._bundle = certificates.bundle(self._directory, self.ca_file)
        secured = Listener(functools.partial(self._answer, routes.answer), context, self.cloud.now)
        plain = Listener(functools.partial(self._answer, routes.answer_identity))
        self._listeners = [secured, plain]
        self.cloud.url = f"https://127.0.0.1:{secured.port}"
        for listener in self._listeners:
            listener.start()
        if self._idle_s is not None or self._parent is not None:
            threading.Thread(target=self._watch, name="sandbox-watch", daemon=True).start()

    def stop(self) -> None:
        """Listen no more and leave no file; calling it again does nothing."""
        with self._lock:
            if self.stopped.is_set():
                return
            for listener in self._listeners:
                listener.stop()
            shutil.rmtree(self._directory, ignore_errors=True)
            self.stopped.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables that clients need to trust the sandbox and find it.

        `environ` (default: this process's) is asked for proxies that must be passed by.
        """
        inherited = os.environ if environ is None else environ
        known = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
        passed = ",".join(filter(None, (known, "127.0.0.1", "localhost")))
        return {
            "REQUESTS_CA_BUNDLE": self._bundle,
            "CURL_CA_BUNDLE": self._bundle,
            "SSL_CERT_FILE": self._bundle,
            "NODE_EXTRA_CA_CERTS": self.ca_file,
            "NO_PROXY": passed,
            "no_proxy": passed,
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
        }

    def identity_environment(self, *, imds: bool = False) -> dict[str, str]:
        """Return the variables of a machine with a managed identity: App Service's, or IMDS."""
        if imds:
            return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.identity_url}
        return {
            "IDENTITY_ENDPOINT": f"{self.identity_url}/msi/token",
            "IDENTITY_HEADER": self.cloud.identity_header,
        }

    def _answer(self, route: Callable[[Cloud, Request], Response], request: Request) -> Response:
        self._heard = time.monotonic()
        return route(self.cloud, request)

    def _watch(self) -> None:
        while not self.stopped.wait(WATCH_INTERVAL_S):
            idle = self._idle_s is not None and time.monotonic() - self._heard > self._idle_s
            orphaned = self._parent is not None and os.getppid() != self._parent
            if idle or orphaned:
                self.stop()
