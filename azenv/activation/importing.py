"""Where contexts are read from: az's profile, Azure PowerShell's files, any file of either."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

from azenv.core.errors import AzenvError, DamagedError, NotFoundError
from azenv.core.model import Context
from azenv.interop import azcaches, azclouds, azprofile, azrows, foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.activation.place import Place

AZ, POWERSHELL, STDIN = "az", "powershell", "-"


@dataclass(slots=True)
class Incoming:
    """What a source holds: contexts without ids (and without names, where it has none).

    `default` is the place of the source's default context among them, -1 where it names none;
    `skipped_clouds` are clouds that nobody here knows, with the contexts left out for that.
    """

    path: str
    contexts: list[Context] = field(default_factory=list)
    default: int = -1
    had_secrets: bool = False
    skipped_clouds: dict[str, int] = field(default_factory=dict)


def read(place: Place, source: str) -> Incoming:
    """Return what `source` holds: `az`, `powershell`, `-` (stdin) or a path.

    Raises NotFoundError where there is nothing, DamagedError where it does not parse.
    """
    if source == AZ:
        return _from_az(place)
    if source == POWERSHELL:
        from azenv.interop import azpowershell

        path = azpowershell.find(os.path.dirname(place.paths.base))
        if path is None:
            raise NotFoundError(
                f"Azure PowerShell has kept no contexts below {os.path.dirname(place.paths.base)}",
                hint="Connect-AzAccount in PowerShell, or: azenv import FILE",
            )
        return _parsed(place, path, _bytes(path))
    if source == STDIN:
        return _parsed(place, "<stdin>", sys.stdin.buffer.read(foreign.LARGEST + 1))
    return _parsed(place, source, _bytes(source))


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
            f"neither az's nor Azure PowerShell's: {path}",
            hint="azenv import reads azureProfile.json, AzureRmContext.json, Save-AzContext files",
        )
    found = azpowershell.parse(data, path)
    names = [context.name for context in found.contexts]
    default = names.index(found.default_name) if found.default_name in names else -1
    return Incoming(path, list(found.contexts), default, found.had_secrets)


def without_strange_clouds(place: Place, incoming: Incoming) -> Incoming:
    """Leave out the contexts of clouds that nobody here knows, and count them."""
    known = {name.casefold() for name in (*azclouds.BUILT_IN, *azclouds.custom(place.paths.base))}
    kept = Incoming(incoming.path, had_secrets=incoming.had_secrets)
    for number, context in enumerate(incoming.contexts):
        cloud = context.target.cloud
        if cloud.casefold() not in known:
            kept.skipped_clouds[cloud] = kept.skipped_clouds.get(cloud, 0) + 1
            continue
        if number == incoming.default:
            kept.default = len(kept.contexts)
        kept.contexts.append(context)
    return kept


def ensure_something(incoming: Incoming) -> None:
    """Raise AzenvError where the source holds no context."""
    if not incoming.contexts and not incoming.skipped_clouds:
        raise AzenvError(f"no context in {incoming.path}", hint="az login")
