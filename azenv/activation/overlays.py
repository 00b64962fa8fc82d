"""Overlays on demand: made from records, kept in step with the base, learnt from."""

from __future__ import annotations

import json

from azenv.activation.scoping import (
    effective_book,
    effective_clouds,
    is_session_born,
    session_of,
)
from azenv.core.errors import AzenvError
from azenv.core.variables import NONE_ID
from azenv.interop import overlay
from azenv.store import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.change import changing
    from azenv.activation.place import Place
    from azenv.activation.session_change import session_changing
    from azenv.interop.stored import Stored
    from azenv.store.vault import Vault

    Row = dict[str, object]


def ensure(place: Place, context_id: str, *, coarse: bool = False) -> list[str]:
    """Build or refresh the overlay of a context; return what there is to tell.

    What az brought in there (an `az login`, `az account list --refresh`) goes into the store.
    `coarse`: the shell that asked compares file times in whole seconds. Raises AzenvError where
    the context is gone.
    """
    report = _refresh(place, context_id, coarse=coarse)
    messages = list(report.messages)
    if report.newcomers or (context_id != NONE_ID and (report.taught or report.renewed)):
        messages += _learn(place, context_id, report)
    if report.newcomers:
        messages += _refresh(place, context_id, coarse=coarse).messages
    return messages


def _refresh(place: Place, context_id: str, *, coarse: bool) -> overlay.Report:
    made_from = _of_session if is_session_born(context_id) else _made_from
    seed, rows = made_from(place, context_id)
    return overlay.refresh(
        place.root,
        context_id,
        base=place.paths.base,
        seed=seed,
        rows=rows,
        coarse=coarse,
        stored=_stored(place, seed),
    )


def _stored(place: Place, seed: Row | None) -> Stored | None:
    """Return what azenv itself has of the account; the vault stays closed until it is asked."""
    how = seed.get("credential") if seed else None
    if seed is None or not isinstance(how, dict):
        return None
    from azenv.interop.stored import Stored, assertion_file
    from azenv.store import tombstones
    from azenv.store.vault import holder_key, user_vault

    holder = (str(seed["cloud"]).casefold(), str(seed["home_id"]).casefold())
    vault = (session_of(place) if seed.get("apart") else None) or user_vault(place.paths)
    if source := str(how["federated"]):
        how |= {"federated": assertion_file(place.root, source, str(seed["cloud"]))}
    return Stored(vault, holder_key(holder), how, tombstones.time_of(place.paths, holder))


def _of_session(place: Place, context_id: str) -> tuple[Row | None, list[Row]]:
    """Return what the overlay of a context is made from that lives in this session alone."""
    from azenv.activation import render
    from azenv.interop import azprofile

    book = effective_book(place)
    context = book.contexts.get(context_id)
    if context is None:
        message = "the context is gone"
        raise AzenvError(message, hint="azenv list")
    seed = render.seed(context, book.credential_of(context.target)) | {"private": True}
    session = session_of(place)
    if session and context.target.identity[:2] in session.state().credentials:
        seed["apart"] = True
    known = render.Clouds(place.paths, effective_clouds(place))
    if endpoints := known.endpoints(context.target.cloud):
        seed["endpoints"] = endpoints
    targets = render.groups(book).get(str(seed["group"]), [])
    return seed, [azprofile.row(target) for target in targets]


def _made_from(place: Place, context_id: str) -> tuple[Row | None, list[Row]]:
    if context_id == NONE_ID:
        return None, []
    if not context_id.isalnum():
        message = "that is no context id"
        raise AzenvError(message, hint="azenv list")
    text = records.read(place.paths, f"seeds/{context_id}")
    if text is None:
        message = "the context is gone"
        raise AzenvError(message, hint="azenv list")
    seed: Row = json.loads(text)
    rows: list[Row] = json.loads(records.read(place.paths, f"groups/{seed['group']}") or "[]")
    return seed, rows


def _learn(place: Place, context_id: str, report: overlay.Report) -> list[str]:
    """Take what az brought in into the store that the context lives in; return what to tell."""
    from azenv.activation import learning, scoping

    vault, change = _keeper(place, context_id)
    messages = []
    with change:
        added = learning.learn(place, change, report) if report.newcomers else []
        messages += [f'learnt "{context.name}"' for context in added]
        if change.scope == scoping.USER and scoping.scope_of(place, None) != scoping.USER:
            return messages  # autosave is off: tokens stay in memory
        context = change.book.contexts.get(context_id)  # the blocked overlay is nobody's
        cloud = context.target.cloud if context else str(report.newcomers[0]["environmentName"])
        try:
            taught = learning.teach(place, change, vault, cloud, report)
        except AzenvError as error:
            return [*messages, f"the sign-in is kept in memory only: {error.message}"]
        messages += [f"learnt the sign-in of {name}" for name in taught]
    if notice := vault.notice():
        messages.append(notice)
    return messages


def _keeper(place: Place, context_id: str) -> tuple[Vault, changing | session_changing]:
    """Return the vault and the change of the scope that a context lives in."""
    from azenv.activation.change import changing  # the whole store, only now
    from azenv.activation.session_change import session_changing
    from azenv.store.vault import user_vault

    session = session_of(place) if is_session_born(context_id) else None
    if session is None:
        return user_vault(place.paths), changing(place)
    is_explicit = context_id in session.state().unsaved
    return session, session_changing(place, lambda: session, is_explicit=is_explicit)
