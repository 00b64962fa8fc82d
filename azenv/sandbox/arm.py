"""Azure Resource Manager: tenants, subscriptions and resource groups, for whom they are."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from azenv.sandbox.aadsts import CLAIMS
from azenv.sandbox.web import Request, Response, as_json

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud
    from azenv.sandbox.population import Principal, Subscription


class Caller(NamedTuple):
    """Who a valid token speaks for, and where."""

    principal: Principal
    tenant: str
    stepped_up: bool


def answer(cloud: Cloud, request: Request) -> Response:
    """Answer /tenants and everything below /subscriptions."""
    caller = _caller(cloud, request)
    if isinstance(caller, Response):
        return caller
    if not caller.stepped_up and cloud.faults.take(
        ("claims",), "arm", tenant=caller.tenant, path=request.path
    ):
        return _challenge(cloud)
    words = [word for word in request.path.split("/") if word]
    match words:
        case ["tenants"]:
            return _page(cloud, request, _tenants(cloud, caller))
        case ["subscriptions"]:
            visible = cloud.population.visible(caller.principal, caller.tenant)
            return _page(cloud, request, [_subscription(one, caller) for one in visible])
        case ["subscriptions", wanted, *rest]:
            for one in cloud.population.visible(caller.principal, caller.tenant):
                if one.id == wanted.casefold():
                    return _inside(cloud, request, caller, one, [word.casefold() for word in rest])
            return _error(
                404, "SubscriptionNotFound", f"The subscription '{wanted}' was not found."
            )
    return _error(404, "NotFound", "The sandbox has no such resource.")


def _inside(
    cloud: Cloud, request: Request, caller: Caller, one: Subscription, rest: list[str]
) -> Response:
    match rest:
        case []:
            return as_json(_subscription(one, caller))
        case ["resourcegroups"]:
            return _page(cloud, request, [_group(one, name) for name in one.groups])
        case ["resourcegroups", name]:
            return _one_group(request, one, name)
        case ["locations"]:
            location = {"id": f"/subscriptions/{one.id}/locations/westeurope", "name": "westeurope"}
            return as_json({"value": [location | {"displayName": "West Europe"}]})
        case ["providers", *_] | ["resources"]:
            return as_json({"value": []})
    return _error(404, "NotFound", "The sandbox has no such resource.")


def _one_group(request: Request, one: Subscription, name: str) -> Response:
    if request.method == "PUT":
        return _put_group(request, one, name)
    if name not in one.groups:
        message = f"Resource group '{name}' could not be found."
        return _error(404, "ResourceGroupNotFound", message)
    if request.method == "HEAD":
        return Response(204)
    found = as_json(_group(one, name))
    if request.method == "DELETE":
        del one.groups[name]
    return found


def _put_group(request: Request, one: Subscription, name: str) -> Response:
    try:
        location = request.json()["location"]
    except (ValueError, TypeError, KeyError):
        return _error(400, "LocationRequired", "The location property is required.")
    created = name not in one.groups
    one.groups[name] = str(location)
    return as_json(_group(one, name), 201 if created else 200)


def _caller(cloud: Cloud, request: Request) -> Caller | Response:
    """Return whom the bearer token speaks for, or the refusal."""
    if not request.bearer:
        return _refuse(cloud, "AuthenticationFailed", "The Authorization header is missing.")
    try:
        claims = cloud.signer.open(request.bearer)
        if not {"aud", "exp", "oid", "tid"} <= claims.keys():
            raise ValueError("it is no access token")  # noqa: TRY301  one refusal for all damage
    except ValueError as error:
        return _refuse(
            cloud, "InvalidAuthenticationToken", f"The access token is invalid: {error}."
        )
    tenant = str(claims["tid"])
    if str(claims["aud"]).rstrip("/") not in cloud.audiences():
        message = f"The access token has been obtained for wrong audience '{claims['aud']}'."
        return _refuse(cloud, "InvalidAuthenticationTokenAudience", message)
    if claims["exp"] <= cloud.now():
        return _refuse(cloud, "ExpiredAuthenticationToken", "The access token has expired.")
    principal = cloud.population.principal(str(claims["oid"]), tenant)
    if tenant not in cloud.population.tenants or principal is None:
        message = f"The access token is from the wrong issuer, tenant '{tenant}'."
        return _refuse(cloud, "InvalidAuthenticationTokenTenant", message)
    return Caller(principal, tenant, "capolids" in claims)


def _tenants(cloud: Cloud, caller: Caller) -> list[dict[str, object]]:
    return [
        {
            "id": f"/tenants/{one.id}",
            "tenantId": one.id,
            "displayName": one.name,
            "defaultDomain": one.domain,
            "domains": [one.domain],
            "countryCode": "NL",
            "tenantCategory": "Home" if one.id == caller.tenant else "ManagedBy",
            "tenantType": "AAD",
        }
        for one in cloud.population.tenants.values()
        if one.id in caller.principal.tenants
    ]


def _subscription(one: Subscription, caller: Caller) -> dict[str, object]:
    return {
        "id": f"/subscriptions/{one.id}",
        "subscriptionId": one.id,
        "tenantId": one.home_tenant or one.tenant,
        "displayName": one.name,
        "state": one.state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased" if caller.tenant == one.tenant else "Legacy",
        "managedByTenants": [{"tenantId": tenant} for tenant in one.managed_by],
    }


def _group(one: Subscription, name: str) -> dict[str, object]:
    return {
        "id": f"/subscriptions/{one.id}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": one.groups[name],
        "properties": {"provisioningState": "Succeeded"},
    }


def _page(cloud: Cloud, request: Request, rows: list[dict[str, object]]) -> Response:
    """Return one page of `rows`, and where the next one is."""
    token = request.query.get("$skiptoken", "0")
    start = int(token) if token.isdecimal() else 0
    end = start + cloud.page_size
    result: dict[str, object] = {"value": rows[start:end]}
    if end < len(rows):
        query = urlencode({**request.query, "$skiptoken": str(end)})
        result["nextLink"] = f"{cloud.url}{request.path}?{query}"
    return as_json(result)


def _challenge(cloud: Cloud) -> Response:
    """Ask for a token with more claims, as continuous access evaluation does."""
    claims = base64.b64encode(json.dumps(json.loads(CLAIMS)).encode()).decode()
    header = (
        f'Bearer realm="", authorization_uri="{cloud.url}/common/oauth2/authorize", '
        f'error="insufficient_claims", claims="{claims}"'
    )
    error = {
        "code": "AuthenticationRequired",
        "message": "Sign in again with the claims asked for.",
    }
    return as_json({"error": error}, 401, WWW_Authenticate=header)


def _refuse(cloud: Cloud, code: str, message: str) -> Response:
    header = f'Bearer authorization_uri="{cloud.url}/common", error="invalid_token"'
    return as_json({"error": {"code": code, "message": message}}, 401, WWW_Authenticate=header)


def _error(status: int, code: str, message: str) -> Response:
    return as_json({"error": {"code": code, "message": message}}, status)
