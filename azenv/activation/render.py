"""From the book to records: only what changed is written (10,000 contexts are fine)."""

from __future__ import annotations

import json
import os

from azenv.core import slots, variables
from azenv.interop import azclouds, azprofile
from azenv.store import clouds, records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from azenv.core.book import Book
    from azenv.core.model import Context, Credential, Target
    from azenv.store.paths import Paths

    Groups = dict[str, list[Target]]


def index_row(context: Context) -> tuple[str, ...]:
    """Return the columns of `records.INDEX` for one context."""
    target, subscription = context.target, context.target.subscription
    return (
        context.id,
        context.name,
        subscription.id if subscription else "",
        subscription.name if subscription else "",
        subscription.state if subscription else "",
        target.tenant.id,
        target.tenant.domain,
        target.tenant.name,
        target.account.username,
        target.account.kind,
        target.cloud,
        ("P" if context.protected else "") + ("L" if context.locked else ""),
    )


def group_of(target: Target) -> str:
    """Return the name of the targets that share an overlay's profile: account and tenant."""
    return variables.digest(variables.SEPARATOR.join(target.identity[:3]))


def groups(book: Book) -> Groups:
    """Return the known targets that have a subscription, by group."""
    found: Groups = {}
    names: dict[tuple[str, ...], str] = {}
    for target in book.targets():
        key = target.identity[:3]
        if key not in names:
            names[key] = group_of(target)
        found.setdefault(names[key], []).append(target)
    return found


def seed(context: Context, credential: Credential | None = None) -> dict[str, object]:
    """Return what the overlay of `context` is made from, beside its group's rows.

    `credential` says how azenv itself signs the account in.
    """
    target = context.target
    how = {} if credential is None else {"credential": _how(credential)}
    return how | {
        "cloud": target.cloud,
        "kind": target.account.kind,
        "username": target.account.username,
        "home_id": target.account.home_id,
        "tenant": target.tenant.id,
        "subscription": target.subscription.id if target.subscription else "",
        "locked": context.is_locked,
        "also": list(context.also),
        "tokens": "az-tokens" in context.exports,
        "group": group_of(target),
    }


def _how(credential: Credential) -> dict[str, object]:
    return {
        "method": credential.method,
        "certificate": credential.certificate,
        "send_chain": credential.send_chain,
        "federated": credential.federated,
    }


def update(paths: Paths, old: Book, new: Book, edited: Container[str] = frozenset()) -> list[str]:
    """Write the records in which `new` differs from `old`; return the ids of stale overlays.

    An overlay is stale where its seed or the rows of its group changed. `edited` are clouds.
    """
    records.make_directories(paths)
    known = Clouds(paths)
    stale = [
        context.id
        for context in new.contexts.values()
        if (context is not (before := old.contexts.get(context.id)) and context != before)
        or context.target.cloud in edited
    ]
    for context_id in stale:
        context = new.contexts[context_id]
        _write(paths, context, known, new.credential_of(context.target))
    for context_id in old.contexts.keys() - new.contexts.keys():
        for kind in ("contexts", "seeds", "credentials"):
            records.remove(paths, f"{kind}/{context_id}")
    stale += _update_credentials(paths, old, new, known, edited)
    changed = _update_groups(paths, groups(old), groups(new))
    if changed:
        stale += [c.id for c in new.contexts.values() if group_of(c.target) in changed]
    if old.contexts != new.contexts or not old.contexts:
        records.write_index(paths, map(index_row, new.contexts.values()))
        records.write_names(paths, (context.name for context in new.contexts.values()))
    return stale


class Clouds:
    """The user's own clouds, looked up once: az's definition counts before azenv's.

    `more` are those of a session.
    """

    def __init__(self, paths: Paths, more: clouds.Clouds | None = None) -> None:
        self._of_az = azclouds.custom(paths.base)
        self._ours = clouds.load(paths.store) | (more or {})

    def facts(self, name: str) -> slots.CloudFacts | None:
        """Return the hosts of a cloud that is not built in."""
        if name in slots.AUTHORITIES:
            return None
        options = self._of_az.get(name) or self._ours.get(name, {})
        return slots.CloudFacts(
            options.get("endpoint_active_directory", ""),
            options.get("endpoint_resource_manager", ""),
        )

    def options(self, name: str) -> dict[str, str]:
        """Return az's options of any cloud."""
        if name in slots.AUTHORITIES:
            from azenv.interop import psclouds

            return psclouds.options(name)
        return self._of_az.get(name) or self._ours.get(name, {})

    def endpoints(self, name: str) -> dict[str, str]:
        """Return what an overlay must say of a cloud that only azenv knows."""
        return {} if name in self._of_az else self._ours.get(name, {})


def _update_credentials(
    paths: Paths, old: Book, new: Book, known: Clouds, edited: Container[str]
) -> list[str]:
    """Write how azenv signs accounts in, where that has changed; return whose it is."""
    changed = []
    for context in new.contexts.values():
        target = context.target
        found, before = new.credential_of(target), old.credential_of(target)
        was = old.contexts.get(context.id)
        is_same = context is was or (was is not None and was.target == target)
        if found is before and is_same and target.cloud not in edited:
            continue
        if found:
            records.write_credential(paths, context.id, filed_under(context, found, known))
        elif before:
            records.remove(paths, f"credentials/{context.id}")
        if found != before:
            _write_seed(paths, context, known, found)
            changed.append(context.id)
    return changed


def filed_under(context: Context, credential: Credential, known: Clouds) -> tuple[str, ...]:
    """Return under what a context's access tokens are filed: see `store.tokentable`."""
    target = context.target
    options = known.options(target.cloud)
    authority = options.get("endpoint_active_directory", "")
    host = authority.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return (
        target.account.home_id,
        host.lower(),
        credential.client_id or target.account.username,
        target.tenant.id,
        target.cloud,
        options.get("endpoint_active_directory_resource_id")
        or options.get("endpoint_management", ""),
    )


def record(paths: Paths, context: Context, known: Clouds, *, keeps: str) -> str:
    """Return the text of the context's record; `keeps` holds what azd and kubectl keep of it."""
    found = slots.slots(
        context,
        extension_dir=os.path.join(paths.base, "cliextensions"),
        store=keeps,
        cloud=known.facts(context.target.cloud),
        windows=os.name == "nt",
    )
    return variables.record(context.id, slots.label(context), found)


def _write(paths: Paths, context: Context, known: Clouds, credential: Credential | None) -> None:
    text = record(paths, context, known, keeps=paths.store)
    records.write_context(paths, context.id, text)
    _write_seed(paths, context, known, credential)


def _write_seed(
    paths: Paths, context: Context, known: Clouds, credential: Credential | None
) -> None:
    made_from = seed(context, credential)
    if endpoints := known.endpoints(context.target.cloud):
        made_from["endpoints"] = endpoints
    records.write_seed(paths, context.id, json.dumps(made_from))


def _update_groups(paths: Paths, old: Groups, new: Groups) -> set[str]:
    changed = set()
    for group, targets in new.items():
        if old.get(group) != targets:
            rows = [azprofile.row(target) for target in targets]
            records.write_group(paths, group, json.dumps(rows))
            changed.add(group)
    for group in old.keys() - new.keys():
        records.remove(paths, f"groups/{group}")
    return changed
