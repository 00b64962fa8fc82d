"""The token table: access tokens found by what they are for, without parsing a cache.

    count (4) | sorted rows: digest (16) expiry (8) offset (4) length (4) | the tokens

`azenv token` imports this module to look one up: builtins only.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ROW_SIZE = 32
_DIGEST_SIZE = 16


def digest(home_id: str, host: str, client_id: str, tenant: str, resource: str) -> bytes:
    """Return what a token is looked up by; case does not count, nor a slash at the end."""
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # hashlib loads OpenSSL: 6 ms
    except ImportError:
        from _sha2 import sha256  # type: ignore[import-not-found]  # its name since Python 3.12
    name = "\x1f".join((home_id, host, client_id, tenant, resource.rstrip("/")))
    found: bytes = sha256(name.lower().encode()).digest()
    return found[:_DIGEST_SIZE]


def find(table: bytes, wanted: bytes) -> tuple[str, int] | None:
    """Return (token, expiry in seconds since 1970), None where the table has none."""
    low, high = 0, int.from_bytes(table[:4])
    tokens = 4 + high * _ROW_SIZE
    while low < high:
        middle = (low + high) // 2
        row = table[4 + middle * _ROW_SIZE :][:_ROW_SIZE]
        if row[:16] < wanted:
            low = middle + 1
        elif row[:16] > wanted:
            high = middle
        else:
            start = tokens + int.from_bytes(row[24:28])
            token = table[start : start + int.from_bytes(row[28:32])]
            return token.decode(), int.from_bytes(row[16:24])
    return None


def build(cache: str, now: float) -> bytes:
    """Return the table of the bearer tokens in MSAL's cache that have not expired at `now`."""
    import json

    found: dict[bytes, tuple[int, bytes]] = {}
    for entry in json.loads(cache or "{}").get("AccessToken", {}).values():
        name = _digest_of(entry)
        expiry = int(entry.get("expires_on") or 0)
        if name and now < expiry and found.get(name, (0, b""))[0] <= expiry:
            found[name] = expiry, entry["secret"].encode()
    rows, tokens, at = [len(found).to_bytes(4)], [], 0
    for name, (expiry, token) in sorted(found.items()):
        rows.append(name + expiry.to_bytes(8) + at.to_bytes(4) + len(token).to_bytes(4))
        tokens.append(token)
        at += len(token)
    return b"".join(rows + tokens)


def _digest_of(entry: Mapping[str, str]) -> bytes:
    """Return the digest of one entry of MSAL's cache, nothing for what `azenv token` cannot give.

    An application has no home account: its entries go by `<client id>.<tenant>`, its account's id.
    """
    resource = resource_of(entry.get("target") or "")
    kind = entry.get("token_type") or "Bearer"
    if not resource or kind.casefold() != "bearer":
        return b""
    client_id, tenant = entry.get("client_id") or "", entry.get("realm") or ""
    home_id = entry.get("home_account_id") or f"{client_id}.{tenant}"
    return digest(home_id, entry.get("environment") or "", client_id, tenant, resource)


def resource_of(oauth_scopes: str) -> str:
    """Return what a token with `oauth_scopes` is for, without slashes at the end; "" for none.

    `https://management.azure.com//.default` is for `https://management.azure.com`; a managed
    identity's scope is the resource itself.
    """
    for scope in oauth_scopes.split():
        head, slash, _ = scope.rpartition("/")
        if slash:
            return (scope if head.endswith(":/") else head).rstrip("/")
    return ""
