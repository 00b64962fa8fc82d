"""Which target the user means by a subscription and a tenant (azure-powershell.md 1.7).

Looked for in what the account in force can see, over all its tenants. An ambiguous name is an
error that lists what it fits; Azure PowerShell takes the first.
"""

from __future__ import annotations

from azenv.core.errors import AmbiguousError, NotFoundError
from azenv.core.names import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from azenv.core.model import Target

_MOST = 10  # of a list in an error
_IMPORT = "azenv import az    # after az login, or az account list --refresh"


def find(
    targets: Sequence[Target], *, subscription: str = "", tenant: str = "", of: Target | None = None
) -> Target:
    """Return the one target with this subscription, or a tenant's own, or a tenant's first.

    `of` names the account and the cloud to look in; without it every account counts. Raises
    NotFoundError, AmbiguousError.
    """
    mine = [target for target in targets if of is None or _same_account(target, of)]
    inside = [target for target in mine if not tenant or _is_tenant(target, tenant)]
    if not inside:
        raise _no_tenant(tenant, mine)
    if not subscription:
        return _of_tenant(inside)
    hits = _with_subscription(inside, subscription)
    if not hits:
        raise _no_subscription(subscription, inside, targets)
    return _only(subscription, hits)


def _same_account(target: Target, of: Target) -> bool:
    return target.identity[:2] == of.identity[:2]


def _is_tenant(target: Target, wanted: str) -> bool:
    tenant, folded = target.tenant, wanted.casefold()
    return folded in (tenant.id.casefold(), tenant.domain.casefold(), tenant.name.casefold())


def _of_tenant(inside: Sequence[Target]) -> Target:
    """Return the target without a subscription, else the first that is enabled, else the first.

    Raises AmbiguousError where several tenants or accounts fit.
    """
    if len({target.identity[:3] for target in inside}) > 1:
        listed = _listed(f"{target.tenant.id} of {target.account.username}" for target in inside)
        raise AmbiguousError(
            f"several tenants fit: {listed}", hint="azenv set --context NAME --tenant ID"
        )
    alone = [target for target in inside if target.subscription is None]
    enabled = [t for t in inside if t.subscription and t.subscription.state == "Enabled"]
    return [*alone, *enabled, *inside][0]


def _with_subscription(targets: Iterable[Target], wanted: str) -> list[Target]:
    """Return the targets whose subscription has this id, or else this name, ignoring case."""
    folded = wanted.casefold()
    having = [(target.subscription, target) for target in targets if target.subscription]
    by_id = [target for subscription, target in having if subscription.id.casefold() == folded]
    return by_id or [target for sub, target in having if sub.name.casefold() == folded]


def _only(wanted: str, hits: list[Target]) -> Target:
    """Return the one hit; of one subscription seen through several tenants, its home's."""
    if len({target.identity[3] for target in hits}) == 1 and len(hits) > 1:
        home = [
            target
            for target in hits
            if target.subscription and target.subscription.home_tenant == target.tenant.id
        ]
        hits = home or hits
    if len(hits) == 1:
        return hits[0]
    listed = _listed(
        f"{t.subscription.id} in {t.tenant.domain or t.tenant.id} of {t.account.username}"
        for t in hits
        if t.subscription
    )
    is_one_id = len({target.identity[3] for target in hits}) == 1
    raise AmbiguousError(
        f'"{wanted}" fits {len(hits)} subscriptions: {listed}',
        hint="add --tenant ID, or --context NAME for its account"
        if is_one_id
        else "azenv set --subscription ID",
    )


def _listed(texts: Iterable[str]) -> str:
    different = list(dict.fromkeys(texts))
    more = f" and {len(different) - _MOST} more" if len(different) > _MOST else ""
    return ", ".join(different[:_MOST]) + more


def _no_tenant(wanted: str, mine: Sequence[Target]) -> NotFoundError:
    known = {name for t in mine for name in (t.tenant.domain, t.tenant.name, t.tenant.id) if name}
    return _not_found("tenant", wanted, sorted(known))


def _no_subscription(
    wanted: str, inside: Sequence[Target], everywhere: Sequence[Target]
) -> NotFoundError:
    if other := _with_subscription(everywhere, wanted):
        account = inside[0].account.username
        tenant = other[0].tenant.domain or other[0].tenant.id
        return NotFoundError(
            f'"{wanted}" is not known here for {account}; {other[0].account.username} has it'
            f" in {tenant}",
            hint="azenv set --context NAME --subscription ID    # NAME: a context of that account",
        )
    known = [target.subscription.name for target in inside if target.subscription]
    return _not_found("subscription", wanted, known)


def _not_found(what: str, wanted: str, known: Sequence[str]) -> NotFoundError:
    close = nearest(wanted, known)
    hint = f"did you mean {', '.join(close)}? else: {_IMPORT}" if close else _IMPORT
    return NotFoundError(f'no {what} "{wanted}" is known', hint=hint, nearest=close)
