"""A person at a real Chromium: reads each page of a sign-in, fills in its form, presses a button.

Chromium is driven through ChromeDriver's own HTTP interface. `program` makes what a test names in
BROWSER: it notes the address and returns at once, as msal needs it; `at_the_desk` opens what was
noted.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shlex
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.shells.harness import PATIENCE_S, require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Self

    from azenv.sandbox.server import Sandbox

# The name of an element in WebDriver's answers.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium refuses to run as root otherwise
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--window-size=900,700",
)


def _key_digest(sandbox: Sandbox) -> str:
    """Return what Chromium is told to trust: the digest of the sandbox's own key, nothing else."""
    port = int(sandbox.url.rpartition(":")[2])
    pem = ssl.get_server_certificate(("127.0.0.1", port), ca_certs=sandbox.ca_file)
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_bytes(serialization.Encoding.DER, form)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


class Chromium:
    """One headless Chromium, with a profile of its own below `directory`."""

    def __init__(self, sandbox: Sandbox, directory: Path, *flags: str) -> None:
        self._binary = require_tool("chromium")
        self._driver = require_tool("chromedriver")
        self._directory = directory
        self._flags = [
            *FLAGS,
            f"--user-data-dir={directory / 'profile'}",
            f"--ignore-certificate-errors-spki-list={_key_digest(sandbox)}",
            *flags,
        ]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.seen: list[str] = []  # the titles of the pages, in order

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [self._driver, "--port=0"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._directory)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._url = f"http://127.0.0.1:{self._port()}"
            options = {"binary": self._binary, "args": self._flags}
            wanted = {"alwaysMatch": {"goog:chromeOptions": options, "acceptInsecureCerts": False}}
            session = self._call("POST", "/session", capabilities=wanted)
            self._url += f"/session/{session['sessionId']}"
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):
            self._call("DELETE", "")
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.communicate()

    def _port(self) -> int:
        assert self._process.stdout
        for line in self._process.stdout:
            if "started successfully on port" in line:
                return int(line.rpartition("port")[2].strip(" .\n"))
        message = "chromedriver did not start"
        raise AssertionError(message)

    def _call(self, method: str, path: str, **fields: object) -> Any:  # noqa: ANN401  what WebDriver says
        body = None if method != "POST" else json.dumps(fields).encode()
        request = urllib.request.Request(  # noqa: S310  the driver's own address
            self._url + path, body, {"Content-Type": "application/json"}, method=method
        )
        try:
            with self._opener.open(request, timeout=PATIENCE_S) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                message = json.load(error)["value"]["message"]
            raise AssertionError(message) from None

    # what a person sees and does

    def open(self, url: str) -> None:
        self._call("POST", "/url", url=url)

    def title(self) -> str:
        title: str = self._call("GET", "/title")
        return title

    def text(self) -> str:
        """Return the visible text of the page."""
        return str(self.script("return document.body.innerText"))

    def script(self, source: str, *words: object) -> Any:  # noqa: ANN401  whatever it returns
        return self._call("POST", "/execute/sync", script=source, args=list(words))

    def resize(self, width: int, height: int) -> None:
        """Be a screen of this size: an emulated one, since a window has a smallest size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        words = {"cmd": "Emulation.setDeviceMetricsOverride", "params": size}
        self._call("POST", "/goog/cdp/execute", **words)

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def fill(self, name: str, text: str) -> bool:
        """Type into the field of this name, if the page has it."""
        found = self._call(
            "POST",
            "/elements",
            using="css selector",
            value=f'input[name="{name}"]:not([type="hidden"])',
        )
        for one in found:
            self._call("POST", f"/element/{one[ELEMENT]}/clear")
            self._call("POST", f"/element/{one[ELEMENT]}/value", text=text)
        return bool(found)

    def press(self, label: str = "") -> None:
        """Press the button of this label, or the page's first; return when the next page is there.

        (ChromeDriver itself waits for most navigations only.)
        """
        for one in self._call("POST", "/elements", using="css selector", value="button"):
            path = f"/element/{one[ELEMENT]}"
            if label in ("", self._call("GET", f"{path}/text")):
                self.script("window.left = true")
                self._call("POST", f"{path}/click")
                self._wait("return !window.left && document.readyState === 'complete'")
                return
        message = f"no button {label!r} on the page {self.title()!r}"
        raise AssertionError(message)

    def _wait(self, condition: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with contextlib.suppress(AssertionError):  # no page is there at the moment
                if self.script(condition):
                    return
            time.sleep(0.02)
        message = f"waited for {condition!r} on the page {self.title()!r}"
        raise AssertionError(message)

    def sign_in(self, url: str, answers: Mapping[str, str]) -> None:
        """Walk through the pages from `url` on until one has no form.

        `answers` has a text for each field by its name; `button` is a label that is preferred.
        """
        self.open(url)
        for _ in range(8):
            self.seen.append(self.title())
            # not form.action: a button may have that name
            if not self.script(
                "const form = document.forms[0];"
                "return form && !(form.getAttribute('action') || '').startsWith('http:')"
            ):
                return
            for name, text in answers.items():
                self.fill(name, text)
            labels = self.script(
                "return [...document.querySelectorAll('button')].map(b => b.innerText)"
            )
            wanted = answers.get("button", "")
            self.press(wanted if wanted in labels else "")


def program(directory: Path) -> tuple[Path, Path]:
    """Return a program for BROWSER, and the file where it notes the addresses it is given."""
    notes, file = directory / "opened", directory / "browser"
    notes.touch()
    file.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >>{shlex.quote(str(notes))}\n")
    file.chmod(0o700)
    return file, notes


@contextlib.contextmanager
def at_the_desk(chromium: Chromium, notes: Path, answers: Mapping[str, str]) -> Iterator[None]:
    """Sign in at each address that is noted while this lasts."""
    gone = threading.Event()
    failures: list[BaseException] = []

    def sit() -> None:
        done = 0
        while not gone.wait(0.05):
            for url in notes.read_text().splitlines()[done:]:
                done += 1
                try:
                    chromium.sign_in(url, answers)
                except (AssertionError, OSError) as failure:
                    failures.append(failure)

    thread = threading.Thread(target=sit)
    thread.start()
    try:
        yield
    finally:
        gone.set()
        thread.join()
    assert not failures, failures
