"""What can go wrong between azenv and a host, in the user's words.

Only hosts are named: an address may hold a code or a token in its query, a proxy's a password.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from azenv.core.errors import AzenvError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.azure.trust import TrustFile

# OpenSSL's numbers for certificates that are not yet, or no longer, valid, or another host's.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST = 9, 10, 62


class NetworkError(AzenvError):
    """No answer came: no network, no trust, a proxy in the way."""


class BusyError(AzenvError):
    """The host answers, but not now: 429, or a failure of its own that lasts."""


class NoJsonError(AzenvError):
    """What answered is no service of Azure's: a page, or half an answer."""


def host_of(url: str) -> str:
    """Return host and port of `url`, without a user's name and password."""
    return urlsplit(url).netloc.rpartition("@")[2] or url.partition("?")[0][:80]


def explained(
    error: requests.RequestException, url: str, trusted: TrustFile, proxy: str
) -> NetworkError:
    """Return the error to show for what requests raised."""
    host = host_of(url)
    if isinstance(error, requests.exceptions.ProxyError):
        return _proxy(error, host, proxy)
    if isinstance(error, requests.exceptions.SSLError):
        return _tls(error, host, trusted)
    if isinstance(error, requests.Timeout):
        return NetworkError(f"{host} does not answer in time", hint="try again")
    causes = list(_causes(error))
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return NetworkError(
            f"no address is known for {host}: no network here, or no such host",
            hint="see whether the network is up; is a proxy needed? export HTTPS_PROXY=URL",
        )
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return NetworkError(
            f"nobody answers at {host} ({_reason(error)})",
            hint="see whether the network is up; is a proxy needed? export HTTPS_PROXY=URL",
        )
    if isinstance(error, ValueError):  # of requests' own: no scheme, no host, a bad proxy
        return NetworkError(f'no address to call: "{host}" ({type(error).__name__})')
    if proxy:
        return _proxy(error, host, proxy)
    return NetworkError(f"the connection to {host} broke off", hint="try again")


def _proxy(error: Exception, host: str, proxy: str) -> NetworkError:
    return NetworkError(
        f"the proxy {host_of(proxy) or 'in the environment'} let nothing through to {host}"
        f" ({_reason(error)})",
        hint=f"see HTTPS_PROXY; to go past the proxy: export NO_PROXY={host.partition(':')[0]}",
    )


def _tls(error: Exception, host: str, trusted: TrustFile) -> NetworkError:
    refused = next((c for c in _causes(error) if isinstance(c, ssl.SSLCertVerificationError)), None)
    if refused is None:
        return NetworkError(f"{host} speaks no TLS that is known here ({_reason(error)})")
    if refused.verify_code in (_NOT_YET_VALID, _EXPIRED):
        now = time.strftime("%Y-%m-%d %H:%M %Z")
        return NetworkError(
            f"the certificate of {host} does not hold ({refused.verify_message}),"
            f" or this machine's clock is off: it says {now}",
            hint="date    # and set the clock where it is wrong",
        )
    if refused.verify_code == _OTHER_HOST:
        return NetworkError(f"the certificate of {host} is another host's", hint="see the address")
    return NetworkError(
        f"the certificate of {host} is not trusted ({refused.verify_message});"
        f" trusted is what stands in {trusted.described}",
        hint="export REQUESTS_CA_BUNDLE=FILE    # PEM, with the authority of your proxy or cloud",
    )


def _reason(error: BaseException) -> str:
    """Return the shortest thing known about the cause: what the system, or a proxy, said."""
    said = "no reason given"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return (cause.reason or "no reason given").lower().replace("_", " ")
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            said = cause.strerror or str(cause)
    return said[:120]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what is wrapped in it; requests and urllib3 do so in several ways."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = (getattr(one, "reason", None), one.__cause__, one.__context__, *one.args)
        waiting += [cause for cause in wrapped if isinstance(cause, BaseException)]
