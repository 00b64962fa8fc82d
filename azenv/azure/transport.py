"""One HTTP client for everything: MSAL's, ARM's, metadata's; safe to use from many threads.

Nothing follows a redirect (a token or a secret would follow, too), no cookie is kept, and no
`.netrc` replaces a token. A busy host is asked again, within bounds.
"""

from __future__ import annotations

import json
import threading
import time
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from azenv import __version__
from azenv.azure.troubles import BusyError, NetworkError, NoJsonError, explained, host_of
from azenv.azure.trust import TrustFile, TrustingAdapter

if TYPE_CHECKING:
    from typing import Self

    from requests import Response

THREADS = 32  # as many connections are kept open
TIMEOUTS_S = (10.0, 60.0)  # to connect, to wait for the next piece of an answer
MOST_ASKED = 4
PATIENCE_S = 30.0  # the longest that one wait may be, and all waits for one answer
MOST_SKEW_S = 300
BACKOFF_S = 0.5

TOO_MANY = 429
NO_GATEWAY = (502, 503, 504)
SERVER_ERROR = 500
# A sign-in may be over once it was sent: only what surely was not handled is sent again.
_AGAIN = {"GET": (TOO_MANY, SERVER_ERROR, *NO_GATEWAY), "POST": (TOO_MANY, 503)}
# Never through a proxy: this machine, and the address at which a cloud's machine asks about itself.
_NEAR = ("127.0.0.1", "localhost", "::1", "169.254.169.254")


class Transport:
    """A session; `get` and `post` are what MSAL wants of its `http_client`.

    Raises NetworkError, BusyError and NoJsonError, which name the host.
    """

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self.trusted = TrustFile.find()
        self._patience_s = patience_s
        self._closed = threading.Event()
        self._skew_s = 0.0
        self._session = requests.Session()
        self._session.trust_env = False  # it means .netrc, too
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["User-Agent"] = f"azenv/{__version__}"
        self._session.mount("https://", TrustingAdapter(self.trusted.context(), THREADS))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every wait, and every connection that is not in use."""
        self._closed.set()
        self._session.close()

    def get(self, url: str, **more: Any) -> Response:  # noqa: ANN401  what requests takes
        """Return the answer to a GET."""
        return self._asked("GET", url, more)

    def post(self, url: str, **more: Any) -> Response:  # noqa: ANN401  what requests takes
        """Return the answer to a POST."""
        return self._asked("POST", url, more)

    def clock_trouble(self) -> str:
        """Return how far this machine's clock is off, empty where it is not."""
        if abs(self._skew_s) <= MOST_SKEW_S:
            return ""
        word = "behind" if self._skew_s > 0 else "ahead of"
        return f"this machine's clock is {_span(abs(self._skew_s))} {word} Azure's"

    def _asked(self, method: str, url: str, more: dict[str, Any]) -> Response:
        left = self._patience_s
        for number in range(1, MOST_ASKED + 1):
            is_last = number == MOST_ASKED
            try:
                response = self._once(method, url, more)
            except NetworkError as error:
                if is_last or method != "GET" or not isinstance(error, _BrokenError):
                    raise
                wait_s = BACKOFF_S * number
            else:
                if response.status_code not in _AGAIN[method]:
                    return self._checked(response)
                wait_s = _retry_after(response, BACKOFF_S * 2**number)
                if is_last or wait_s > left:
                    raise _busy(response, wait_s, self.clock_trouble())
            left -= wait_s
            if self._closed.wait(wait_s):
                break
        raise NetworkError(f"{host_of(url)} was not waited for: interrupted")

    def _once(self, method: str, url: str, more: dict[str, Any]) -> Response:
        proxies = _proxies(url)
        asked = {"timeout": TIMEOUTS_S, "proxies": proxies} | more
        try:
            response = self._session.request(method, url, **asked, allow_redirects=False)
        except requests.RequestException as error:
            found = explained(error, url, self.trusted, select_proxy(url, proxies) or "")
            if isinstance(error, requests.exceptions.ChunkedEncodingError) or _is_reset(error):
                found = _BrokenError(found.message, hint=found.hint)
            raise found from None  # what requests says holds the address
        self._look_at_clock(response)
        return response

    def _look_at_clock(self, response: Response) -> None:
        date = response.headers.get("Date")
        if date and "Age" not in response.headers:
            try:
                self._skew_s = parsedate_to_datetime(date).timestamp() - time.time()
            except ValueError:
                return

    def _checked(self, response: Response) -> Response:
        """Return what is an answer: failures of the host's own, and pages, are none."""
        if response.status_code >= SERVER_ERROR:
            raise _busy(response, 0, self.clock_trouble())
        if response.status_code < 400:  # noqa: PLR2004  refusals may say what they like
            parsed(response)
        return response


class _BrokenError(NetworkError):
    """The connection was there, and broke: worth another try."""


def json_of(response: Response) -> dict[str, Any]:
    """Return the object that the host answered. Raises NoJsonError."""
    found = parsed(response)
    if isinstance(found, dict):
        return found
    raise NoJsonError(f"{host_of(response.url)} answered with JSON that is no object")


def parsed(response: Response) -> object:
    """Return the JSON that the host answered. Raises NoJsonError."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        host, kind = host_of(response.url), response.headers.get("Content-Type", "")
    if "json" in kind:
        raise NoJsonError(f"the answer of {host} does not parse: cut short?", hint="try again")
    what = "a web page" if "html" in kind else f"something else ({response.status_code})"
    raise NoJsonError(
        f"{host} answered with {what}, not with JSON: a proxy, or a network that wants a sign-in?",
        hint="open a web page in a browser; is a proxy needed? export HTTPS_PROXY=URL",
    )


def _proxies(url: str) -> dict[str, str]:
    if urlsplit(url).hostname in _NEAR:
        return {}
    return get_environ_proxies(url)


def _is_reset(error: requests.RequestException) -> bool:
    """Tell whether a connection that was there broke: kept open too long, or a bad line."""
    reason = error.args[0] if error.args else None
    return type(error) is requests.ConnectionError and not hasattr(reason, "reason")


def _retry_after(response: Response, otherwise: float) -> float:
    """Return the seconds that the host wants us to wait."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return otherwise


def _busy(response: Response, wait_s: float, clock: str) -> BusyError:
    host = host_of(response.url)
    if response.status_code == TOO_MANY:
        message = f"{host} is too busy to answer (429), and asks to wait {_span(wait_s)}"
    else:
        message = f"{host} has a failure of its own ({response.status_code})"
    return BusyError(message, hint=clock or "try again later")


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds))} s"
