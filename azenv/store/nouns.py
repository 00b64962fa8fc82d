"""The nouns as JSON objects, and back: what the context store and the session store hold.

What is empty is left out, so that 10,000 contexts are read fast. Whatever does not fit raises
ValueError, KeyError, TypeError or AttributeError: the caller names the file.
"""

from __future__ import annotations

from azenv.core.model import (
    ACCOUNT_KINDS,
    DEFAULT_FAMILIES,
    METHODS,
    Account,
    Context,
    Credential,
    Pending,
    Subscription,
    Target,
    Tenant,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Object = dict[str, Any]


def text(item: Object, key: str, default: str = "") -> str:
    """Return the text at `key`. Raises TypeError."""
    value = item.get(key, default)
    if not isinstance(value, str):
        message = f'"{key}" is not text'
        raise TypeError(message)
    return value


def _texts(item: Object, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    value = item.get(key, default)
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
        message = f'"{key}" is not a list of texts'
        raise TypeError(message)
    return tuple(value)


def context(item: Object) -> Context:
    """Return the context that `item` is. Raises ValueError, KeyError, TypeError."""
    context_id = item["id"]
    if not isinstance(context_id, str) or not context_id.isalnum() or not context_id.isascii():
        message = f"not a context id: {context_id!r}"
        raise ValueError(message)
    return Context(
        id=context_id,
        name=text(item, "name"),
        target=target(item),
        group=text(item, "group"),
        location=text(item, "location"),
        protected=item.get("protected") is True,
        locked=item.get("locked") is True,
        also=_texts(item, "also"),
        exports=_texts(item, "exports", DEFAULT_FAMILIES),
        keep=_texts(item, "keep"),
        tags=tuple(sorted((str(k), str(v)) for k, v in item.get("tags", {}).items())),
    )


def target(item: Object) -> Target:
    """Return the target that `item` is. Raises ValueError, KeyError, TypeError."""
    subscription = item.get("subscription")
    return Target(
        cloud=text(item, "cloud"),
        account=_account(item["account"]),
        tenant=_tenant(item["tenant"]),
        subscription=_subscription(subscription) if subscription else None,
    )


def _account(item: Object) -> Account:
    kind = text(item, "kind")
    if kind not in ACCOUNT_KINDS:
        message = f"not a kind of account: {kind!r}"
        raise ValueError(message)
    return Account(
        username=text(item, "username"),
        kind=kind,
        home_id=text(item, "home_id"),
        home_tenant=text(item, "home_tenant"),
        certificate_sni=item.get("certificate_sni") is True,
    )


def _tenant(item: Object) -> Tenant:
    return Tenant(text(item, "id"), text(item, "domain"), text(item, "name"))


def credential(item: Object) -> Credential:
    """Return the credential that `item` is. Raises ValueError, TypeError."""
    method = text(item, "method")
    if method not in METHODS:
        message = f"not a way to sign in: {method!r}"
        raise ValueError(message)
    return Credential(
        method=method,
        client_id=text(item, "client_id"),
        certificate=text(item, "certificate"),
        send_chain=item.get("send_chain") is True,
        federated=text(item, "federated"),
        broker=item.get("broker") is True,
    )


def pending(item: Object) -> Pending:
    """Return the tenant that a sign-in left out. Raises ValueError, KeyError, TypeError."""
    return Pending(
        cloud=text(item, "cloud"),
        account=_account(item["account"]),
        tenant=_tenant(item["tenant"]),
        reason=text(item, "reason"),
        claims=text(item, "claims"),
    )


def _subscription(item: Object) -> Subscription:
    return Subscription(
        id=text(item, "id"),
        name=text(item, "name"),
        state=text(item, "state", "Enabled"),
        home_tenant=text(item, "home_tenant"),
        managed_by=_texts(item, "managed_by"),
    )


def _filled(item: Object) -> Object:
    """Return `item` without what is empty: a file of 10,000 contexts is read at each change."""
    return {key: value for key, value in item.items() if value not in ("", (), False, None)}


def context_object(context: Context) -> Object:
    """Return `context` as an object; what is empty or usual is left out."""
    return (
        {"id": context.id, "name": context.name}
        | target_object(context.target)
        | _filled(
            {
                "group": context.group,
                "location": context.location,
                "protected": context.protected,
                "locked": context.locked,
                "also": context.also,
                # a list, so that "exports nothing" is not taken for "nothing to say"
                "exports": None if context.exports == DEFAULT_FAMILIES else list(context.exports),
                "keep": context.keep,
                "tags": dict(context.tags) or None,
            }
        )
    )


def target_object(target: Target) -> Object:
    """Return `target` as an object; what is empty is left out."""
    subscription = target.subscription
    found: Object = {
        "cloud": target.cloud,
        "account": _account_object(target.account),
        "tenant": _tenant_object(target.tenant),
    }
    if subscription:
        found["subscription"] = _filled(
            {
                "id": subscription.id,
                "name": subscription.name,
                "state": subscription.state,
                "home_tenant": subscription.home_tenant,
                "managed_by": subscription.managed_by,
            }
        )
    return found


def _account_object(account: Account) -> Object:
    return _filled(
        {
            "username": account.username,
            "kind": account.kind,
            "home_id": account.home_id,
            "home_tenant": account.home_tenant,
            "certificate_sni": account.certificate_sni,
        }
    )


def _tenant_object(tenant: Tenant) -> Object:
    return _filled({"id": tenant.id, "domain": tenant.domain, "name": tenant.name})


def credential_object(holder: tuple[str, str], credential: Credential) -> Object:
    """Return a credential with whose it is."""
    return _filled(
        {
            "cloud": holder[0],
            "account": holder[1],
            "method": credential.method,
            "client_id": credential.client_id,
            "certificate": credential.certificate,
            "send_chain": credential.send_chain,
            "federated": credential.federated,
            "broker": credential.broker,
        }
    )


def pending_object(pending: Pending) -> Object:
    """Return `pending` as an object."""
    return {
        "cloud": pending.cloud,
        "account": _account_object(pending.account),
        "tenant": _tenant_object(pending.tenant),
    } | _filled({"reason": pending.reason, "claims": pending.claims})
