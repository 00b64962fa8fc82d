"""Where a cloud's Entra ID and ARM are, and which hosts may get the tokens of which cloud."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from azenv.core.errors import AzenvError, NotFoundError
from azenv.core.names import nearest
from azenv.interop import azclouds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.store.clouds import Clouds
    from azenv.store.paths import Paths

# az's options, as clouds.config has them.
AUTHORITY = "endpoint_active_directory"
RESOURCE_MANAGER = "endpoint_resource_manager"
RESOURCE = "endpoint_active_directory_resource_id"
PORTAL = "endpoint_portal"
GRAPH = "endpoint_microsoft_graph_resource_id"

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A cloud's addresses, without a slash at the end; `resource` is as az writes it.

    `resource` is what the tokens of ARM are for, `graph` what those of Microsoft Graph are.
    """

    name: str
    authority: str
    resource_manager: str
    resource: str
    portal: str = ""
    graph: str = ""

    @property
    def is_built_in(self) -> bool:
        """Tell whether azenv and az bring this cloud along."""
        return self.name in BUILT_IN

    def allows(self, url: str) -> bool:
        """Tell whether a token of this cloud may be sent to `url`: to its ARM, encrypted."""
        wanted, own = _host(url), _host(self.resource_manager)
        if wanted is None or own is None:
            return False
        is_regional = self.is_built_in and wanted[0].endswith(f".{own[0]}")
        return wanted[1] == own[1] and (wanted[0] == own[0] or is_regional)


_LOGIN = "https://login"
_ARM = "https://management"
BUILT_IN = {
    one.name: one
    for one in (
        Endpoints(
            "AzureCloud",
            f"{_LOGIN}.microsoftonline.com",
            f"{_ARM}.azure.com",
            f"{_ARM}.core.windows.net/",
            "https://portal.azure.com",
            "https://graph.microsoft.com/",
        ),
        Endpoints(
            "AzureChinaCloud",
            f"{_LOGIN}.chinacloudapi.cn",
            f"{_ARM}.chinacloudapi.cn",
            f"{_ARM}.core.chinacloudapi.cn/",
            "https://portal.azure.cn",
            "https://microsoftgraph.chinacloudapi.cn",
        ),
        Endpoints(
            "AzureUSGovernment",
            f"{_LOGIN}.microsoftonline.us",
            f"{_ARM}.usgovcloudapi.net",
            f"{_ARM}.core.usgovcloudapi.net/",
            "https://portal.azure.us",
            "https://graph.microsoft.us/",
        ),
        Endpoints(
            "AzureGermanCloud",
            f"{_LOGIN}.microsoftonline.de",
            f"{_ARM}.microsoftazure.de",
            f"{_ARM}.core.cloudapi.de/",
            "https://portal.microsoftazure.de",
            "https://graph.microsoft.de",
        ),
        Endpoints(
            "AzureBleuCloud",
            f"{_LOGIN}.sovcloud-identity.fr",
            f"{_ARM}.sovcloud-api.fr",
            f"{_ARM}.sovcloud-api.fr/",
            "https://portal.sovcloud-azure.fr",
            "https://graph.svc.sovcloud.fr",
        ),
    )
}


def own_clouds(paths: Paths, ours: Clouds) -> Clouds:
    """Return the user's own clouds: az's definitions count before `ours`."""
    return ours | azclouds.custom(paths.base)


def find(name: str, own: Clouds) -> Endpoints:
    """Return the cloud called `name`, ignoring case; `own` are the user's own clouds.

    Raises NotFoundError with the nearest names, AzenvError where no token may go there.
    """
    known = {one.casefold(): one for one in (*own, *BUILT_IN)}
    found = known.get(name.casefold())
    if found is None:
        close = nearest(name, known.values())
        hint = f"did you mean {' or '.join(close)}? else: azenv cloud list" if close else None
        raise NotFoundError(
            f'no cloud "{name}" is known', hint=hint or "azenv cloud list", nearest=close
        )
    return BUILT_IN.get(found) or of_options(found, own[found])


def of_options(name: str, options: dict[str, str]) -> Endpoints:
    """Return what az's options say of one of the user's own clouds. Raises AzenvError."""
    manager = options.get(RESOURCE_MANAGER, "").rstrip("/")
    found = Endpoints(
        name,
        options.get(AUTHORITY, "").rstrip("/"),
        manager,
        options.get(RESOURCE) or options.get("endpoint_management") or f"{manager}/",
        options.get(PORTAL, "").rstrip("/"),
        options.get(GRAPH, ""),
    )
    _ensure_safe(found)
    return found


def _ensure_safe(cloud: Endpoints) -> None:
    """Refuse a cloud whose ARM would get the tokens of another one. Raises AzenvError."""
    for what, url in (("Entra ID", cloud.authority), ("ARM", cloud.resource_manager)):
        if _host(url) is None:
            said = f'"{url}"' if url else "nothing"
            raise AzenvError(
                f'the cloud "{cloud.name}" has no usable address of {what}: {said}',
                hint=f"azenv cloud set {cloud.name} --arm-endpoint https://HOST",
            )
    issuer = _built_in_with_authority(cloud.authority)
    receiver = next((one for one in BUILT_IN.values() if one.allows(cloud.resource_manager)), None)
    if issuer == receiver or (receiver is None and _is_own_audience(cloud.resource)):
        return
    theirs = issuer or receiver
    raise AzenvError(
        f'the cloud "{cloud.name}" is refused: it pairs {_pair(cloud, issuer, receiver)};'
        f" tokens of {theirs.name if theirs else 'that cloud'} go to its own hosts only",
        hint="azenv cloud list    # see both addresses",
    )


def _pair(cloud: Endpoints, issuer: Endpoints | None, receiver: Endpoints | None) -> str:
    authority = f"the Entra ID of {issuer.name}" if issuer else f"a sign-in at {cloud.authority}"
    manager = f"the ARM of {receiver.name}" if receiver else f"an ARM at {cloud.resource_manager}"
    return f"{authority} with {manager}"


def _built_in_with_authority(url: str) -> Endpoints | None:
    host = _host(url)
    for name, one in BUILT_IN.items():
        if host is not None and host[0] in azclouds.hosts(name):
            return one
    return None


def _is_own_audience(resource: str) -> bool:
    """Tell whether tokens for `resource` serve nobody but one directory's own application.

    Azure Stack Hub signs in at Entra ID, for an application of the organization's. Only a
    directory that owns such a domain can register it.
    """
    host = _host(resource)
    return host is not None and host[0].endswith(".onmicrosoft.com")


def _host(url: str) -> tuple[str, int] | None:
    """Return host and port; None unless it is https (or this machine's http) and nothing odd."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>@'):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme == "https" and host.strip("."):
        return host.rstrip("."), port or _HTTPS_PORT
    if parts.scheme == "http" and is_loopback(host):
        return host, port or 80
    return None


def is_usable(url: str) -> bool:
    """Tell whether `url` can be a cloud's: encrypted, or of this machine."""
    return _host(url) is not None


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
