"""What the token endpoint hands out: access tokens, id tokens, client info."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from azenv.sandbox import tokens
from azenv.sandbox.aadsts import Refused, steps_up
from azenv.sandbox.cloud import FAMILY
from azenv.sandbox.population import User

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud, Grant
    from azenv.sandbox.population import Application, Principal, Tenant

OPENID = ("openid", "profile", "offline_access", "email")


def resource(oauth_scopes: str) -> str:
    """Return what the scopes are for, as it was written. Raises Refused."""
    asked = [word for word in oauth_scopes.split() if word not in OPENID]
    if not asked:
        return "00000003-0000-0000-c000-000000000000"
    found = {word.rpartition("/")[0] for word in asked}
    if len(found) != 1 or "" in found:
        raise Refused(70011)
    return found.pop()


def access_token(  # noqa: PLR0913  a token says this much
    cloud: Cloud,
    principal: Principal,
    tenant: Tenant,
    audience: str,
    client_id: str,
    *,
    mfa: bool = False,
    claims: str = "",
) -> str:
    """Return an access token of Entra's first version, which ARM takes."""
    now = int(cloud.now())
    content: tokens.Claims = {
        "aud": audience,
        "iss": f"{cloud.url}/{tenant.id}/",
        "iat": now,
        "nbf": now,
        "exp": now + cloud.token_lifetime_s,
        "tid": tenant.id,
        "oid": principal.object_id(tenant.id),
        "appid": client_id,
        "uti": str(uuid.uuid4()),
        "ver": "1.0",
    }
    if isinstance(principal, User):
        content |= {
            "scp": "user_impersonation",
            "upn": principal.username,
            "unique_name": principal.username,
            "amr": ["pwd", "mfa"] if mfa else ["pwd"],
        }
    else:
        content |= {"idtyp": "app", "sub": content["oid"]}
    if steps_up(claims):
        content["capolids"] = ["sandbox"]
    return cloud.signer.sign(content)


def for_user(  # noqa: PLR0913  a token says this much
    cloud: Cloud, grant: Grant, tenant: Tenant, oauth_scopes: str, *, claims: str, old: str = ""
) -> dict[str, object]:
    """Return the token endpoint's answer for a user."""
    target = resource(oauth_scopes)
    answer = _answer(
        cloud,
        access_token(
            cloud, grant.user, tenant, target, grant.client_id, mfa=grant.mfa, claims=claims
        ),
    )
    words = [word for word in oauth_scopes.split() if word not in OPENID]
    if any(word.endswith("/.default") for word in words):
        words.append(f"{target}/user_impersonation")
    answer["scope"] = " ".join(words)
    asked = oauth_scopes.split()
    if "offline_access" in asked or old:
        answer["refresh_token"] = cloud.keep_refresh_token(grant, old)
    if "openid" in asked:
        answer["id_token"] = _id_token(cloud, grant, tenant)
    info = {"uid": grant.user.uid, "utid": grant.user.home}
    answer["client_info"] = tokens.encode(json.dumps(info).encode())
    if grant.client_id in FAMILY:
        answer["foci"] = "1"
    return answer


def for_application(
    cloud: Cloud, principal: Application, tenant: Tenant, audience: str, claims: str
) -> dict[str, object]:
    """Return the token endpoint's answer for an application."""
    client = principal.client_id
    return _answer(cloud, access_token(cloud, principal, tenant, audience, client, claims=claims))


def _answer(cloud: Cloud, token: str) -> dict[str, object]:
    lifetime = cloud.token_lifetime_s
    answer: dict[str, object] = {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": token,
    }
    if lifetime >= 2 * 3600:
        answer["refresh_in"] = lifetime // 2
    return answer


def _id_token(cloud: Cloud, grant: Grant, tenant: Tenant) -> str:
    now = int(cloud.now())
    user = grant.user
    content: tokens.Claims = {
        "aud": grant.client_id,
        "iss": f"{cloud.url}/{tenant.id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "name": user.username.partition("@")[0].capitalize(),
        "oid": user.object_id(tenant.id),
        "preferred_username": user.username,
        "sub": tokens.encode(f"{user.uid}{grant.client_id}".encode()),
        "tid": tenant.id,
        "uti": str(uuid.uuid4()),  # no two tokens are the same, though of one second
        "ver": "2.0",
    }
    if grant.nonce:
        content["nonce"] = grant.nonce
    return cloud.signer.sign(content)
