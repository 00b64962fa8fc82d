"""Where contexts are read from: az's profile, Azure PowerShell's files, any file of either."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field, replace

from azenv.activation import scoping
from azenv.core.errors import DamagedError, NotFoundError
from azenv.core.model import Context
from azenv.interop import azcaches, azclouds, azini, azprofile, azrows, foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azenv.activation.change import changing
    from azenv.activation.place import Place
    from azenv.activation.session_change import session_changing
    from azenv.core.model import Target
    from azenv.store.bundle import Bundle

AZ, POWERSHELL, STDIN = "az", "powershell", "-"


@dataclass(slots=True)
class Incoming:
    """What a source holds: contexts without ids (and without names, where it has none).

    `default` is the name of the source's default context. `clouds` are its own clouds. `unusable`
    names what says too little; `strange` counts, by cloud, what was left out for its cloud.
    `bundle` is what came with credentials, None for what never has any.
    """

    path: str
    contexts: list[Context] = field(default_factory=list)
    default: str = ""
    clouds: dict[str, dict[str, str]] = field(default_factory=dict)
    had_secrets: bool = False
    unusable: list[str] = field(default_factory=list)
    strange: dict[str, int] = field(default_factory=dict)
    bundle: Bundle | None = None


def read(place: Place, source: str, passphrase: Callable[[], str]) -> Incoming:
    """Return what `source` holds: `az`, `powershell`, `-` (stdin) or a path.

    `passphrase` is asked where it is a bundle. Raises NotFoundError where there is nothing,
    DamagedError where it does not parse.
    """
    found = _from_az(place) if source == AZ else _from_file(place, source, passphrase)
    _leave_unsound(found)
    return found


def _from_file(place: Place, source: str, passphrase: Callable[[], str]) -> Incoming:
    if source == POWERSHELL:
        from azenv.interop import azpowershell

        home = place.paths.home or os.path.expanduser("~")
        path = azpowershell.find(home)
        if path is None:
            raise NotFoundError(
                f"Azure PowerShell has kept no contexts below {home}",
                hint="Connect-AzAccount in PowerShell, or: azenv import FILE",
            )
        return _parsed(place, path, _bytes(path))
    is_piped = source == STDIN
    path = "<stdin>" if is_piped else source
    data = sys.stdin.buffer.read(foreign.LARGEST + 1) if is_piped else _bytes(source)
    return _opened(path, data, passphrase) or _parsed(place, path, data)


def _leave_unsound(incoming: Incoming) -> None:
    """Leave out contexts whose ids are none: they go into az's files, variables and addresses."""
    sound = [context for context in incoming.contexts if _is_sound(context.target)]
    for context in incoming.contexts:
        if not _is_sound(context.target):
            incoming.unusable.append(context.name or context.target.account.username)
    incoming.contexts = sound


def _is_sound(target: Target) -> bool:
    subscription = target.subscription.id if target.subscription else ""
    ids = target.tenant.id + subscription
    return azini.is_plain(target.cloud) and ids.isprintable() and not set(ids) & set(" []")


def _opened(path: str, data: bytes, passphrase: Callable[[], str]) -> Incoming | None:
    """Return what a bundle holds, None for what is none."""
    from azenv.interop import psclouds
    from azenv.store import bundle

    if not bundle.is_bundle(data):
        return None
    bundle.ensure_whole(data, path)
    found = bundle.unseal(data, passphrase(), path)
    contexts = [replace(context, id="") for context in found.contexts]
    own = {n: cloud for n, cloud in found.clouds.items() if not psclouds.is_built_in(n)}
    return Incoming(path, contexts, found.default, own, bundle=found)


def _bytes(path: str) -> bytes:
    data = foreign.read(path)
    if data is None:
        raise NotFoundError(f"no such file: {path}", hint="azenv import az, powershell or FILE")
    return data


def _from_az(place: Place) -> Incoming:
    base = place.paths.base
    path = azrows.path(base)
    if not os.path.lexists(path):
        raise NotFoundError(f"az has signed nobody in: there is no {path}", hint="az login")
    return _of_rows(place, path, azprofile.load(base).rows)


def _of_rows(place: Place, path: str, rows: Sequence[dict[str, object]]) -> Incoming:
    targets = azprofile.targets(list(rows), azcaches.home_ids(place.paths.base))
    return Incoming(path, [Context("", "", target) for target, _ in targets])


def _parsed(place: Place, path: str, data: bytes) -> Incoming:
    from azenv.interop import azpowershell, detect

    kind = detect.detect(data)
    if kind == "azcli":
        rows = azrows.parse(data, path).get("subscriptions") or []
        return _of_rows(place, path, rows)
    if kind is None:
        raise DamagedError(
            f"{_trouble(data)}: {path}",
            hint="azenv import reads azureProfile.json, AzureRmContext.json, Save-AzContext files",
        )
    found = azpowershell.parse(data, path)
    return Incoming(
        path,
        [Context("", name, target, group=group) for name, target, group in found.contexts],
        found.default_name,
        found.clouds,
        found.had_secrets,
        found.skipped,
    )


def _trouble(data: bytes) -> str:
    try:
        json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return f"the file does not parse ({error})"
    return "neither az nor Azure PowerShell wrote this file"


def leave_strange_clouds(place: Place, incoming: Incoming) -> None:
    """Leave out what lies in a cloud that nobody here knows: its hosts would get tokens."""
    of_az, ours = azclouds.custom(place.paths.base), scoping.effective_clouds(place)
    known = {*azclouds.BUILT_IN, *of_az, *ours}
    kept = []
    for context in incoming.contexts:
        cloud = context.target.cloud
        if cloud in known:
            kept.append(context)
        else:
            incoming.strange[cloud] = incoming.strange.get(cloud, 0) + 1
    incoming.contexts, incoming.clouds = kept, {}


def take_clouds(
    place: Place, change: changing | session_changing, incoming: Incoming, *, replace: bool
) -> list[str]:
    """Keep the clouds of the source; return what there is to tell. Call inside the change.

    az's own definitions stay; azenv's stay, too, unless `replace`. Raises DamagedError for one
    that az would read as something else.
    """
    of_az, ours = azclouds.custom(place.paths.base), change.clouds
    told = []
    _ensure_sound(incoming)
    for name, options in incoming.clouds.items():
        same = of_az.get(name) or ours.get(name)
        if same is None or (replace and name not in of_az and same != options):
            ours[name] = options
            told.append(f'the cloud "{name}" is {"added" if same is None else "replaced"}')
        elif same != options:
            told.append(f'the cloud "{name}" stays as it is here')
    return told


def _ensure_sound(incoming: Incoming) -> None:
    for name, options in incoming.clouds.items():
        if not azini.is_plain(name) or not all(map(str.isprintable, options.values())):
            raise DamagedError(
                f"a cloud whose name or addresses are no plain text: {name!a} in {incoming.path}",
                hint="leave --with-clouds out",
            )


def first_default(
    place: Place, change: changing | session_changing, incoming: Incoming
) -> Context | None:
    """Make the source's default context the default, where neither az nor azenv has one.

    A session has no default of its own. Call inside the change.
    """
    book = change.book
    first = book.named(incoming.default) if incoming.default else None
    if first is None or first.protected or book.default in book.contexts:
        return None
    if change.scope != scoping.USER or azprofile.default_row(place.paths.base):
        return None
    book.default, book.az_seen = first.id, ""
    return first


def own_clouds(place: Place, names: set[str]) -> dict[str, dict[str, str]]:
    """Return the definitions of the user's own clouds among `names`."""
    known = scoping.effective_clouds(place) | azclouds.custom(place.paths.base)
    return {name: known[name] for name in sorted(names) if name in known}
