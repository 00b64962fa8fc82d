"""The book: every context one user has, the default, and the targets known beside them.

Pure rules (azure-powershell.md 1.6 to 1.11, its traps not copied); `store.contexts` reads and
writes it. One change is one method, so that two processes merge operation by operation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from azenv.core import lookup, names
from azenv.core.errors import AzenvError
from azenv.core.model import Context, Credential, Pending, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from azenv.core.model import Account

    Identity = tuple[str, str, str, str]
    # cloud and account, as Target.identity begins
    Holder = tuple[str, str]


class _Index:
    """Context ids by folded name and by identity."""

    __slots__ = ("identities", "names")

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.identities: dict[Identity, list[str]] = {}

    def add(self, context: Context) -> None:
        self.names.setdefault(context.name.casefold(), context.id)
        ids = self.identities.setdefault(context.target.identity, [])
        if context.id not in ids:  # an update keeps its place: the oldest is the first
            ids.append(context.id)

    def drop(self, context: Context) -> None:
        self._drop_name(context)
        self.identities[context.target.identity].remove(context.id)

    def change(self, old: Context, new: Context) -> None:
        self._drop_name(old)
        if old.target.identity != new.target.identity:
            self.identities[old.target.identity].remove(old.id)
        self.add(new)

    def _drop_name(self, context: Context) -> None:
        if self.names.get(context.name.casefold()) == context.id:
            del self.names[context.name.casefold()]


@dataclass(slots=True)
class Book:
    """Contexts by id, in the order they came; `known` are targets without a context of theirs.

    `credentials` says how azenv itself signs an account in; `pending` are tenants that would not
    be listed without more of a sign-in, by `Pending.key`.

    `default` is azenv's own default (a context id, or empty); `az_seen` is az's default row as
    azenv last saw it, so that the later change of the two counts (DESIGN section 3).
    """

    contexts: dict[str, Context] = field(default_factory=dict)
    known: dict[Identity, Target] = field(default_factory=dict)
    default: str = ""
    az_seen: str = ""
    credentials: dict[Holder, Credential] = field(default_factory=dict)
    pending: dict[tuple[str, str, str], Pending] = field(default_factory=dict)
    _index: _Index | None = field(default=None, compare=False, repr=False)

    def copy(self) -> Book:
        """Return a book that can be changed without changing this one (contexts are values)."""
        return Book(
            dict(self.contexts),
            dict(self.known),
            self.default,
            self.az_seen,
            dict(self.credentials),
            dict(self.pending),
        )

    def rows(self) -> list[lookup.Row]:
        """Return what names are looked up in."""
        return [row_of(context) for context in self.contexts.values()]

    def find(self, text: str, *, exact: bool = False) -> Context:
        """Return the context that `text` names. Raises NotFoundError, AmbiguousError."""
        return self.contexts[lookup.find(text, self.rows(), exact=exact)[lookup.ID]]

    def named(self, name: str) -> Context | None:
        """Return the context called `name`, ignoring case."""
        found = self._indexed().names.get(name.casefold())
        return self.contexts[found] if found else None

    def of(self, identity: Identity) -> list[Context]:
        """Return the contexts of one identity, the oldest first."""
        found = self._indexed().identities.get(identity, ())
        return [self.contexts[context_id] for context_id in found]

    def _indexed(self) -> _Index:
        """Return the index, made on first use: an import of 10,000 asks it as many times."""
        if self._index is None:
            self._index = _Index()
            for context in self.contexts.values():
                self._index.add(context)
        return self._index

    def add(self, target: Target, new_id: str, name: str | None = None) -> Context:
        """Add a context of `target`, or update the one that has its identity.

        With a `name` of its own a second context of that identity is added. Raises AzenvError
        where `name` is another identity's.
        """
        same = self.of(target.identity)
        if name is None and same:
            return self.put(replace(same[0], target=target))
        if name is None:
            name = names.generated(target, lambda text: self.named(text) is not None)
        else:
            names.ensure_name(name)
        taken = self.named(name)
        if taken is not None and taken.target.identity == target.identity:
            return self.put(replace(taken, target=target))
        if taken is not None:
            raise taken_error(taken)
        self.known.pop(target.identity, None)
        return self.put(Context(id=new_id, name=name, target=target))

    def put(self, context: Context) -> Context:
        """Store `context` under its id and return it."""
        if self._index is not None:
            self._index.change(self.contexts.get(context.id, context), context)
        self.contexts[context.id] = context
        return context

    def rename(self, context: Context, name: str, *, force: bool = False) -> Context:
        """Give `context` another name; a change of case only is one, too.

        Raises AzenvError where another context has that name, unless `force`, which removes it:
        the renamed context is then the default if the removed one was.
        """
        names.ensure_name(name)
        taken = self.named(name)
        if taken is not None and taken.id != context.id:
            if not force:
                raise taken_error(taken)
            self.displace(taken, context)
        return self.put(context.renamed(name))

    def displace(self, taken: Context, successor: Context) -> None:
        """Remove `taken` to make room for `successor`, which is then the default if it was."""
        was_default = self.default == taken.id
        self.remove(taken)
        if was_default:
            self.default = successor.id

    def remove(self, context: Context) -> Context | None:
        """Remove `context`; its target stays known.

        Returns the new default where the removed one was the default: the first by name of the
        same account, else the first by name; None where the default did not change.
        """
        context = self.contexts.pop(context.id)
        if self._index is not None:
            self._index.drop(context)
        if not self.of(context.target.identity):
            self.known[context.target.identity] = context.target
        if self.default != context.id:
            return None
        heir = self._heir(context.target.account)
        self.default = heir.id if heir else ""
        return heir

    def remove_all(self, gone: Iterable[Context]) -> Context | None:
        """Remove contexts, each as `remove` does, but look for the new default once."""
        default, self.default = self.contexts.get(self.default), ""
        for context in gone:
            self.remove(context)
        if default is None or default.id in self.contexts:
            self.default = default.id if default else ""
            return None
        heir = self._heir(default.target.account)
        self.default = heir.id if heir else ""
        return heir

    def credential_of(self, target: Target) -> Credential | None:
        """Return how azenv signs the account of `target` in; None where only another tool does."""
        return self.credentials.get(target.identity[:2])

    def of_account(self, holder: Holder) -> list[Context]:
        """Return the contexts of one account in one cloud, in the order they came."""
        return [c for c in self.contexts.values() if c.target.identity[:2] == holder]

    def sign_out(self, holder: Holder) -> list[Context]:
        """Remove everything of one account in one cloud; return the contexts that went."""
        gone = self.of_account(holder)
        self.remove_all(gone)
        self.known = {key: t for key, t in self.known.items() if key[:2] != holder}
        self.pending = {key: p for key, p in self.pending.items() if key[:2] != holder}
        self.credentials.pop(holder, None)
        return gone

    def clear(self) -> None:
        """Forget every context, what is known beside them, and the default."""
        self.contexts.clear()
        self.known.clear()
        self.credentials.clear()
        self.pending.clear()
        self.default = self.az_seen = ""
        self._index = None

    def _heir(self, account: Account) -> Context | None:
        ranked = sorted(
            self.contexts.values(),
            key=lambda c: (c.target.account.key != account.key, c.name.casefold(), c.id),
        )
        return next((context for context in ranked if not context.protected), None)

    def targets(self) -> list[Target]:
        """Return every target known, those of the contexts first."""
        found = {c.target.identity: c.target for c in self.contexts.values()}
        return [*found.values(), *(t for key, t in self.known.items() if key not in found)]


def row_of(context: Context) -> lookup.Row:
    """Return what `context` can be called by."""
    subscription = context.target.subscription
    return (
        context.id,
        context.name,
        subscription.id if subscription else "",
        subscription.name if subscription else "",
    )


def taken_error(taken: Context) -> AzenvError:
    """Return the error for a name that another context has."""
    return AzenvError(
        f'a context named "{taken.name}" exists',
        hint="choose another name, or add --force to replace it",
    )
