"""An ARM that means ill, or is confused: where tokens go, and which lists end."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from azenv.azure.arm import Arm, ChallengeError
from azenv.azure.claims import packed
from azenv.azure.endpoints import Endpoints
from azenv.azure.transport import Transport
from azenv.core.errors import AzenvError, SignInNeededError

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = "11111111-1111-4111-8111-111111111111"
CHALLENGE = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'


class Strange:
    """A server that answers each path as a test says; it notes the tokens that it gets."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.got: list[tuple[str, str]] = []
        strange = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                strange.got.append((path, self.headers.get("Authorization", "")))
                status, headers, body = strange.answers[path]
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_words: Any) -> None:  # noqa: ANN401
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def says(
        self,
        path: str,
        body: object,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.answers[path] = (status, headers or {}, body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def strange() -> Iterator[Strange]:
    made = Strange()
    yield made
    made.close()


class Asked:
    """Which tokens were asked for; each is another one."""

    def __init__(self) -> None:
        self.challenges: list[str] = []

    def __call__(self, tenant: str, challenge: str) -> str:
        self.challenges.append(challenge)
        return f"t0ken-{len(self.challenges)}"


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def arm(strange: Strange, asked: Asked) -> Iterator[Arm]:
    cloud = Endpoints("Strange", strange.url, strange.url, f"{strange.url}/", "", "")
    with Transport() as http:
        yield Arm(cloud, http, asked)


def row(one_id: str = ONE, **more: object) -> dict[str, object]:
    return {"subscriptionId": one_id, "displayName": "Dev", "state": "Enabled", **more}


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/subscriptions",
        "http://127.0.0.1:9/subscriptions",
        "//evil.test/subscriptions",
        "https://management.azure.com/subscriptions",
        "file:///etc/passwd",
    ],
)
def test_no_token_goes_where_the_next_page_is_elsewhere(
    strange: Strange, asked: Asked, arm: Arm, address: str
) -> None:
    strange.says("/subscriptions", {"value": [row()], "nextLink": address})
    rows = arm.subscriptions(ONE)
    assert next(rows).id == ONE
    with pytest.raises(AzenvError, match="outside Strange; no token goes there"):
        next(rows)
    assert len(asked.challenges) == 1


def test_a_userinfo_trick_is_elsewhere(strange: Strange, asked: Asked, arm: Arm) -> None:
    address = f"{strange.url}@evil.test/subscriptions"
    strange.says("/subscriptions", {"value": [], "nextLink": address})
    with pytest.raises(AzenvError, match="no token goes there"):
        list(arm.subscriptions(ONE))


def test_a_redirect_is_not_followed(strange: Strange, arm: Arm) -> None:
    elsewhere = Strange()
    strange.says("/subscriptions", {}, 302, {"Location": f"{elsewhere.url}/subscriptions"})
    with pytest.raises(AzenvError):
        list(arm.subscriptions(ONE))
    elsewhere.close()
    assert not elsewhere.got


def test_a_list_that_leads_back_ends(strange: Strange, arm: Arm) -> None:
    strange.says("/subscriptions", {"value": [row()], "nextLink": f"{strange.url}/more"})
    strange.says("/more", {"value": [row()], "nextLink": f"{strange.url}/more"})
    with pytest.raises(AzenvError, match="does not end"):
        list(arm.subscriptions(ONE))
    assert len(strange.got) == 2


def test_rows_that_are_none_are_passed_over(strange: Strange, arm: Arm) -> None:
    odd: list[object] = [None, 7, "x", {}, {"subscriptionId": 7}, row("../../etc"), row("a\nb")]
    strange.says("/subscriptions", {"value": [*odd, row(displayName=None, managedByTenants=7)]})
    (found,) = arm.subscriptions(ONE)
    assert (found.id, found.name, found.managed_by) == (ONE, ONE, ())
    values: tuple[object, ...] = (None, 7, "x", {})
    for value in values:
        strange.says("/tenants", {"value": value, "nextLink": 7})
        assert list(arm.tenants(ONE)) == []


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"<html>", b'{"value":', b"\xff\xfe"])
def test_what_is_no_list_is_an_error(strange: Strange, arm: Arm, body: bytes) -> None:
    strange.says("/subscriptions", body)
    with pytest.raises(AzenvError):
        list(arm.subscriptions(ONE))


def test_a_challenge_is_answered_once(strange: Strange, asked: Asked, arm: Arm) -> None:
    words = f'Bearer error="insufficient_claims", claims="{packed(CHALLENGE)}"'
    header = {"WWW-Authenticate": words}
    strange.says("/subscriptions", {"error": {"code": "X", "message": "more."}}, 401, header)
    with pytest.raises(ChallengeError) as caught:
        list(arm.subscriptions(ONE))
    assert asked.challenges == ["", CHALLENGE]
    assert [token for _, token in strange.got] == ["Bearer t0ken-1", "Bearer t0ken-2"]
    assert caught.value.claims == CHALLENGE
    assert "refuses (401): more" in str(caught.value)
    assert "t0ken" not in str(caught.value)


def test_a_challenge_that_does_not_parse_is_none(strange: Strange, asked: Asked, arm: Arm) -> None:
    header = {"WWW-Authenticate": 'Bearer claims="%%%"'}
    strange.says("/subscriptions", {}, 401, header)
    with pytest.raises(SignInNeededError):
        list(arm.subscriptions(ONE))
    assert asked.challenges == [""]


def test_a_refusal_in_azures_words(strange: Strange, arm: Arm) -> None:
    text = "The client does not have authorization. " * 20
    strange.says("/subscriptions", {"error": {"code": "AuthorizationFailed", "message": text}}, 403)
    with pytest.raises(AzenvError, match=r"refuses \(403\): The client") as caught:
        list(arm.subscriptions(ONE))
    assert len(str(caught.value)) < 300
