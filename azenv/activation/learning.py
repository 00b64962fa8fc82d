"""What az brought into an overlay becomes contexts and sign-ins: the same identity never twice."""

from __future__ import annotations

import json
from dataclasses import replace

from azenv.activation import scoping
from azenv.activation.forgetting import hosts_of
from azenv.activation.merging import Known, bring_in
from azenv.core.merge import merge
from azenv.core.model import Context, Credential
from azenv.interop import azcaches, azprofile, msalcache
from azenv.store import tombstones
from azenv.store.vault import holder_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.change import changing
    from azenv.activation.place import Place
    from azenv.activation.session_change import session_changing
    from azenv.core.book import Book, Holder
    from azenv.interop.aztokens import Tokens
    from azenv.interop.building import Report
    from azenv.store.vault import Secret, Vault

    Change = changing | session_changing


def learn(place: Place, change: Change, report: Report) -> list[Context]:
    """Add a context for each of az's rows that is new; return those. Others are updated."""
    # whom an `az login` in an overlay brought, the base does not know
    home_ids = azcaches.home_ids(place.paths.base) | report.home_ids
    targets = [target for target, _ in azprofile.targets(report.newcomers, home_ids)]
    if change.scope == scoping.PROCESS:
        # what is stored is known here, too, and az's newer words for it are not the session's
        known = Known(change.book.contexts.values())
        targets = [target for target in targets if not known.like(target)]
    return bring_in(change, [Context("", "", target) for target in targets]).added


def teach(place: Place, change: Change, vault: Vault, cloud: str, report: Report) -> list[str]:
    """Keep the sign-ins of an overlay in a vault; return whose are new there.

    What az has in the base is az's, unless azenv has signed that account in, too. Call inside the
    change. Raises AzenvError where the vault stays closed.
    """
    new = []
    for tokens in (*report.taught, *report.renewed):
        holder = (cloud.casefold(), tokens.key)
        known = change.book.credentials.get(holder)
        if not known and tokens in report.renewed:
            continue
        # az, which counts whole seconds, ran on while the account was signed out
        if tokens.time < int(tombstones.time_of(place.paths, holder)):
            continue
        credential = _kept(place, vault, holder, tokens)
        if credential is None:
            continue
        _name_home(change.book, cloud, tokens)
        if known is None or known.method != credential.method:
            change.book.credentials[holder] = credential
            new.append(tokens.username or holder[1].partition(".")[0])
    return new


def _kept(place: Place, vault: Vault, holder: Holder, tokens: Tokens) -> Credential | None:
    """Put tokens into a vault; return how they sign in, None for what does not last."""
    if tokens.principal:
        credential, secret = _of_principal(tokens.principal)
        if secret and vault.secret(holder_key(holder)) != secret:
            vault.put_secret(holder_key(holder), secret)
        return credential
    hosts = hosts_of(place, holder[0])
    part = azcaches.extract(tokens.cache, tokens.home_id, hosts)
    if not part:
        return None  # of another cloud: az was told to leave its own

    def edit(old: str) -> str:
        found = azcaches.extract(json.loads(old or "{}"), tokens.home_id, hosts)
        is_newer = not found or azcaches.age(found) < tokens.time
        return msalcache.merged(old, json.dumps(part)) if is_newer else old

    vault.change_cache(edit)
    return Credential("user", client_id=azcaches.AZ_CLIENT_ID)


def _of_principal(entry: azcaches.Principal) -> tuple[Credential | None, Secret]:
    """Return how an entry of az's signs in, and its secret. An assertion lasts for minutes."""
    if secret := entry.get("client_secret"):
        return Credential("secret"), {"secret": str(secret)}
    if path := entry.get("certificate"):
        send_chain = bool(entry.get("use_cert_sn_issuer"))
        return Credential("certificate", certificate=str(path), send_chain=send_chain), {}
    return None, {}


def _name_home(book: Book, cloud: str, tokens: Tokens) -> None:
    """Let contexts that know a user by name alone, from az's profile, know his home account."""
    for context in book.contexts.values():
        account = context.target.account
        is_his = (
            account.kind == "user" and account.username.casefold() == tokens.username.casefold()
        )
        if is_his and not account.home_id and context.target.cloud.casefold() == cloud.casefold():
            known = replace(account, home_id=tokens.home_id)
            target = replace(context.target, account=known)
            merge(book, [Context("", "", target)], lambda: "")  # which settles it for all
            return
