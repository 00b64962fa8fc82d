from __future__ import annotations

import html.parser
import ssl
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

import pytest

from tests.local_azure import as_new, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.sandbox.server import Sandbox

AZ_CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


__all__ = ["running"]  # a fixture


@pytest.fixture
def sandbox(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox as new, that clients in this process trust."""
    with as_new(running, monkeypatch) as made:
        yield made


class _Form(html.parser.HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.method = "get"
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.method = known.get("action", ""), known.get("method", "get")
        elif tag == "input" and "name" in known:
            self.fields[known["name"]] = known.get("value", "")
        elif tag == "button" and "name" in known:
            self.buttons.append(known["value"])


class Browser:
    """A person at a browser without scripts: fills in each form and sends it."""

    def __init__(self, sandbox: Sandbox, **answers: str) -> None:
        trust = ssl.create_default_context(cafile=sandbox.ca_file)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        self.answers = answers
        self.titles: list[str] = []

    def open(self, url: str, data: bytes | None = None) -> str:
        with self._opener.open(url, data, timeout=10) as response:
            page: str = response.read().decode()
            url = response.url
        self.titles.append(page.partition("<title>")[2].partition("</title>")[0])
        form = _Form(page)
        if not form.fields or len(self.titles) > 8:
            return page
        filled = form.fields | {k: v for k, v in self.answers.items() if k in form.fields}
        if form.buttons:
            wanted = self.answers.get("action", form.buttons[0])
            filled["action"] = wanted if wanted in form.buttons else form.buttons[0]
        target = urljoin(url, form.action)
        if form.method == "post":
            return self.open(target, urlencode(filled).encode())
        return self.open(f"{target.partition('?')[0]}?{urlencode(filled)}")
