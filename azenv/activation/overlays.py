"""Overlays on demand: made from records, kept in step with the base, learnt from."""

from __future__ import annotations

import json

from azenv.core.errors import AzenvError
from azenv.core.variables import NONE_ID
from azenv.interop import overlay
from azenv.store import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.place import Place

    Row = dict[str, object]


def ensure(place: Place, context_id: str, *, coarse: bool = False) -> list[str]:
    """Build or refresh the overlay of a context; return what there is to tell.

    What az brought in there (an `az login`, `az account list --refresh`) goes into the store.
    `coarse`: the shell that asked compares file times in whole seconds. Raises AzenvError where
    the context is gone.
    """
    report = _refresh(place, context_id, coarse=coarse)
    messages = list(report.messages)
    if report.newcomers:
        messages += _learn(place, report)
        messages += _refresh(place, context_id, coarse=coarse).messages
    return messages


def _refresh(place: Place, context_id: str, *, coarse: bool) -> overlay.Report:
    seed, rows = _made_from(place, context_id)
    return overlay.refresh(
        place.root, context_id, base=place.paths.base, seed=seed, rows=rows, coarse=coarse
    )


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


def _learn(place: Place, report: overlay.Report) -> list[str]:
    from azenv.activation.change import changing  # the whole store, only now
    from azenv.activation.learning import learn

    with changing(place) as change:
        added = learn(place, change.book, report)
    return [f'learnt "{context.name}"' for context in added]
