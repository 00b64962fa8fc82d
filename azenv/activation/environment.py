"""The whole delta of a context as a value: for `env` and `exec`, which have no shell to do it."""

from __future__ import annotations

from azenv.activation.scoping import record
from azenv.core import delta
from azenv.core.errors import AzenvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from azenv.activation.place import Place


def changes_to(place: Place, context_id: str, source: str = "choice") -> delta.Changes:
    """Return what to set and unset to be in the context: what is active is left first.

    The choice goes along, so that a shell with the integration, started there, stays there.
    Raises AzenvError where the context has no record.
    """
    text = record(place, context_id)
    if text is None:
        message = f"the context {context_id} has no record"
        raise AzenvError(message, hint="azenv doctor --repair")
    _, _, kinds, values = delta.parse_record(text)
    changes = delta.leave(place.environ)
    outside = applied(place.environ, changes)
    changes |= delta.enter(outside, kinds, values, place.overlay(context_id), source)
    return changes | {delta.CHOICE: context_id, delta.UNTIL: None}


def changes_out(environ: Mapping[str, str]) -> delta.Changes:
    """Return what to set and unset to be outside every context; the choice goes, too."""
    return delta.leave(environ) | {delta.CHOICE: None, delta.UNTIL: None}


def applied(environ: Mapping[str, str], changes: delta.Changes) -> dict[str, str]:
    """Return a copy of `environ` with `changes` made."""
    kept = {name: value for name, value in environ.items() if name not in changes}
    return kept | {name: value for name, value in changes.items() if value is not None}
