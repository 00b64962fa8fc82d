"""Which authorities vouch for hosts: one file, read once, for every connection."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import certifi
from requests.adapters import HTTPAdapter

from azenv.core.errors import AzenvError

if TYPE_CHECKING:
    from requests import PreparedRequest

# The variables that requests obeys, and with it az and every SDK for Python.
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class TrustFile:
    """A file or directory of certificates; `variable` named it, or else it is certifi's."""

    path: str
    variable: str = ""

    @classmethod
    def find(cls) -> TrustFile:
        """Return the one in force."""
        for variable in VARIABLES:
            if path := os.environ.get(variable, ""):
                return cls(path, variable)
        return cls(certifi.where())

    @property
    def described(self) -> str:
        """Return how the user knows it."""
        return f"{self.path} ({self.variable or 'certifi'})"

    def context(self) -> ssl.SSLContext:
        """Return TLS with this trust. Raises AzenvError where the file is none."""
        try:
            if os.path.isdir(self.path):
                return ssl.create_default_context(capath=self.path)
            return ssl.create_default_context(cafile=self.path)
        except OSError as error:  # ssl.SSLError is one
            why = "no certificates are in it" if isinstance(error, ssl.SSLError) else error.strerror
            raise AzenvError(
                f"the trust file cannot be used: {self.described} ({why})",
                hint=f"unset {self.variable}" if self.variable else "pip install certifi",
            ) from None


class TrustingAdapter(HTTPAdapter):
    """Connections that share one TLS context: requests reads the whole file for each one."""

    def __init__(self, context: ssl.SSLContext, size: int) -> None:
        self._context = context
        super().__init__(pool_connections=size, pool_maxsize=size)

    def init_poolmanager(self, *sizes: Any, **more: Any) -> None:  # noqa: ANN401  the base class's
        """Make the pool of direct connections."""
        super().init_poolmanager(*sizes, ssl_context=self._context, **more)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:  # noqa: ANN401  the base class's
        """Return the pool of connections through `proxy`, which may want TLS itself."""
        more |= {"ssl_context": self._context, "proxy_ssl_context": self._context}
        return super().proxy_manager_for(proxy, **more)

    def build_connection_pool_key_attributes(
        self,
        request: PreparedRequest,
        verify: Any,  # noqa: ANN401  the base class's
        cert: Any = None,  # noqa: ANN401  the base class's
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return where to connect; how is settled by the context."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Ask for a certificate; whose, the context knows."""
        del verify, cert
        if url.lower().startswith("https"):
            conn.cert_reqs = "CERT_REQUIRED"
