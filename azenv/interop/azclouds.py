"""az's `config` and `clouds.config`: the active cloud, the user's own clouds, the defaults."""

from __future__ import annotations

import os
import sys

from azenv.core.errors import DamagedError
from azenv.interop import azini, foreign

CLOUDS_FILE = "clouds.config"
CONFIG_FILE = "config"
DEFAULT_CLOUD = "AzureCloud"

# The hosts under which MSAL may have filed an account of a built-in cloud, preferred one first.
_HOSTS = {
    "AzureCloud": (
        *("login.microsoftonline.com", "login.windows.net", "login.microsoft.com"),
        "sts.windows.net",
    ),
    "AzureUSGovernment": ("login.microsoftonline.us", "login.usgovcloudapi.net"),
    "AzureChinaCloud": ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
    "AzureGermanCloud": ("login.microsoftonline.de",),
    "AzureBleuCloud": ("login.sovcloud-identity.fr",),
}
BUILT_IN = tuple(_HOSTS)
_TRUE = ("1", "yes", "true", "on")


def _read(base: str, name: str) -> dict[str, dict[str, str]]:
    return azini.parse(text(base, name))


def text(base: str, name: str) -> str:
    """Return az's file `name`, empty where there is none. Raises DamagedError unless UTF-8."""
    path = os.path.join(base, name)
    try:
        return (foreign.read(path) or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise DamagedError(f"not UTF-8: {path}", hint=f"look at it, then: rm {path}") from None


def active(base: str) -> str:
    """Return az's active cloud."""
    return _read(base, CONFIG_FILE).get("cloud", {}).get("name", DEFAULT_CLOUD)


def defaults(base: str) -> tuple[str, str]:
    """Return az's default resource group and location, empty where none is set."""
    found = _read(base, CONFIG_FILE).get("defaults", {})
    return found.get("group", ""), found.get("location", "")


def encrypts_tokens(base: str) -> bool:
    """Tell whether az keeps its tokens encrypted, out of azenv's reach."""
    found = _read(base, CONFIG_FILE).get("core", {}).get("encrypt_token_cache")
    return sys.platform == "win32" if found is None else found.lower() in _TRUE


def custom(base: str) -> dict[str, dict[str, str]]:
    """Return the user's own clouds: name -> az's options, such as endpoint_active_directory."""
    found = {}
    for name, options in _read(base, CLOUDS_FILE).items():
        endpoints = {key: value for key, value in options.items() if key != "subscription"}
        if name not in BUILT_IN and endpoints:
            found[name] = endpoints
    return found


def facts(base: str, cloud: str) -> tuple[str, str]:
    """Return the authority and the resource manager of one of the user's clouds, as URLs."""
    options = custom(base).get(cloud, {})
    return (
        options.get("endpoint_active_directory", ""),
        options.get("endpoint_resource_manager", ""),
    )


def hosts(cloud: str, options: dict[str, str] | None = None) -> tuple[str, ...]:
    """Return the hosts under which MSAL files accounts of `cloud`, lower case."""
    if cloud in _HOSTS:
        return _HOSTS[cloud]
    authority = (options or {}).get("endpoint_active_directory", "").lower()
    # az lower-cases the authority, and MSAL files under the bare host, without a port.
    host = authority.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0]
    return next((known for known in _HOSTS.values() if host in known), (host,) if host else ())
