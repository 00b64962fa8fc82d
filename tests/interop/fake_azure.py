"""Just enough of Azure for the real az: sign-in by device code and secret, tokens, subscriptions.

Refresh tokens and access tokens name their user, so a test sees whose token az asked with.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.interop import fabricated

if TYPE_CHECKING:
    from pathlib import Path

CLOUD = "FakeCloud"


class FakeAzure:
    """A cloud on localhost. `next_user` signs in at the next device code."""

    def __init__(self, directory: Path) -> None:
        self.next_user = fabricated.BOB
        self.subscriptions: dict[str, list[tuple[str, str, str]]] = {}
        self.asked: list[str] = []
        self.ca_file = directory / "ca.pem"
        key_file = directory / "key.pem"
        _certify(self.ca_file, key_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, key_file)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def section(self) -> str:
        """Return this cloud as az keeps it in clouds.config."""
        audience = "https://management.fake.example/"
        return (
            f"[{CLOUD}]\nendpoint_active_directory = {self.url}\n"
            f"endpoint_active_directory_resource_id = {audience}\n"
            f"endpoint_active_directory_graph_resource_id = {audience}\n"
            f"endpoint_management = {audience}\nendpoint_resource_manager = {self.url}/\n\n"
        )

    def answer(self, path: str, form: dict[str, str], bearer: str) -> dict[str, Any] | None:
        tenant, _, rest = path.strip("/").partition("/")
        if rest.endswith("openid-configuration"):
            here = f"{self.url}/{tenant}/oauth2/v2.0"
            return {
                "issuer": f"{self.url}/{tenant}/v2.0",
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "device_authorization_endpoint": f"{here}/devicecode",
            }
        if rest.endswith("devicecode"):
            words = {"device_code": self.next_user, "user_code": "A", "message": "type A"}
            return {**words, "verification_uri": self.url, "expires_in": 60, "interval": 1}
        if rest.endswith("token"):
            return _token(tenant, form)
        self.asked.append(bearer)
        if tenant == "tenants":
            found = {owner for _, _, owner in self.subscriptions.get(_user_of(bearer), [])}
            return {"value": [{"tenantId": item, "displayName": item[:8]} for item in found]}
        return self._subscriptions(rest, bearer)

    def _subscriptions(self, rest: str, bearer: str) -> dict[str, Any]:
        if "resourcegroups" in rest.lower():
            return {"value": [{"id": "x", "name": f"rg of {_user_of(bearer)}", "location": "fake"}]}
        tenant = bearer.rpartition(" in ")[2]
        mine = self.subscriptions.get(_user_of(bearer), [])
        return {
            "value": [
                {
                    "id": f"/subscriptions/{item}",
                    "subscriptionId": item,
                    "displayName": name,
                    "state": "Enabled",
                    "tenantId": owner,
                }
                for item, name, owner in mine
                if owner == tenant
            ]
        }


def _user_of(bearer: str) -> str:
    return bearer.removeprefix("access of ").partition(" in ")[0]


def _token(tenant: str, form: dict[str, str]) -> dict[str, Any]:
    if form["grant_type"] == "client_credentials":
        user = form["client_id"]
        return {"access_token": f"access of {user} in {tenant}", "expires_in": 3600}
    user = form.get("device_code") or form["refresh_token"].rpartition(" of ")[2]
    home = fabricated.home_id(user)
    uid, _, utid = home.partition(".")
    realm = utid if tenant == "organizations" else tenant
    return {
        "token_type": "Bearer",
        "access_token": f"access of {user} in {realm}",
        "refresh_token": f"signed in of {user}",
        "expires_in": 3600,
        "scope": form.get("scope", ""),
        "foci": "1",
        "client_info": _encoded({"uid": uid, "utid": utid}),
        "id_token": "e30."
        + _encoded({"oid": uid, "tid": realm, "preferred_username": user, "sub": uid})
        + ".x",
    }


def _encoded(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _handler(cloud: FakeAzure) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._reply({key: values[0] for key, values in parse_qs(body).items()})

        def _reply(self, form: dict[str, str]) -> None:
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            found = cloud.answer(self.path.partition("?")[0], form, bearer)
            data = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def _certify(ca_file: Path, key_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
