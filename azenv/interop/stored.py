"""azenv's own sign-ins in az's form: what an overlay is seeded with where az never signed in."""

from __future__ import annotations

import json
import os

from azenv.interop import azcaches, foreign
from azenv.interop.aztokens import Tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row
    from azenv.interop.identity import Identity
    from azenv.store.vault import Secret, Vault

_NS = 1e9


def assertion_file(root: str, source: str, cloud: str) -> str:
    """Return where a federated token lies: in the file it comes from, or where the CI's is put."""
    if os.path.isabs(source):
        return source
    plain = "".join(char if char.isalnum() else "_" for char in f"{source}-{cloud}".casefold())
    return os.path.join(root, "federated", plain)


class Stored:
    """What a vault has of one account; it is opened only where somebody asks."""

    def __init__(self, vault: Vault, key: str, how: Row, buried: float) -> None:
        self._vault = vault
        self._key = key
        self._how = how
        self._buried = buried

    def tokens(self, identity: Identity) -> Tokens | None:
        """Return the account's tokens as az keeps them; None where az cannot use what there is."""
        if self._how["method"] == "user":
            cache = json.loads(self._vault.cache() or "{}")
            part = azcaches.extract(cache, identity.home_id, identity.hosts)
            if not part:
                return None
            age = azcaches.age(part)
            return Tokens(age, home_id=identity.home_id, username=identity.username, cache=part)
        principal = _principal(self._how, self._vault.secret(self._key) or {})
        if not principal:
            return None
        principal |= {"client_id": identity.username, "tenant": identity.tenant}
        written = foreign.modified_ns(self._how["federated"]) if self._how["federated"] else 0
        return Tokens(max(self._vault.stamp()[1], written) / _NS, principal=principal)

    def is_over(self, tokens: Tokens) -> bool:
        """Tell whether the account has signed out since these were written."""
        return tokens.time < self._buried


def _principal(how: Row, secret: Secret) -> Row:
    """Return az's entry of a service principal, without its names; empty where az has no such."""
    if how["method"] == "secret" and secret.get("secret"):
        return {"client_secret": secret["secret"]}
    # az reads PEM without a password only
    if how["method"] == "certificate" and not secret and _is_pem(how["certificate"]):
        chain = {"use_cert_sn_issuer": True} if how["send_chain"] else {}
        return {"certificate": how["certificate"], **chain}
    if how["method"] == "federated":
        assertion = (foreign.read(how["federated"]) or b"").decode("ascii", "replace").strip()
        return {"client_assertion": assertion} if assertion else {}
    return {}


def _is_pem(path: str) -> bool:
    return b"-----BEGIN " in (foreign.read(path) or b"")
