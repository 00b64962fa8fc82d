"""How a client proves that it is an application: secret, certificate, federated assertion."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from azenv.sandbox import tokens
from azenv.sandbox.aadsts import Refused

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud
    from azenv.sandbox.population import Application, Tenant

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "api://AzureADTokenExchange"
CLOCK_SKEW_S = 300


def authenticate(cloud: Cloud, tenant: Tenant, form: dict[str, str]) -> Application:
    """Return the application that the request proves to be. Raises Refused."""
    client_id = form.get("client_id", "").casefold()
    application = cloud.population.applications.get(client_id)
    if application is None or application.tenant != tenant.id:
        raise Refused(700016, who=client_id, where=tenant.name)
    if application.disabled:
        raise Refused(7000112, who=client_id)
    if "client_assertion" in form:
        if form.get("client_assertion_type") != ASSERTION:
            raise Refused(90014, who="client_assertion_type")
        _check_assertion(cloud, tenant, application, form["client_assertion"])
    elif form.get("client_secret") not in application.secrets:
        raise Refused(7000215)
    return application


def _check_assertion(
    cloud: Cloud, tenant: Tenant, application: Application, assertion: str
) -> None:
    try:
        header, claims = tokens.parts(assertion)
    except ValueError as error:
        raise Refused(700027, who=str(error)) from None
    if "x5t" in header or "x5t#S256" in header:
        _check_certificate(cloud, application, assertion, header)
        owner, audiences = application.client_id, _token_urls(cloud, tenant)
        if claims.get("iss") != owner or claims.get("sub") != owner:
            raise Refused(700027, who="Issuer and subject must be the application.")
    else:
        _check_federation(cloud, application, assertion, claims)
        audiences = {EXCHANGE}
    if claims.get("aud") not in audiences:
        raise Refused(700027, who="The audience is not this token endpoint.")
    now = cloud.now()
    if not (
        _seconds(claims.get("nbf"), 0) - CLOCK_SKEW_S
        <= now
        < _seconds(claims.get("exp"), 0) + CLOCK_SKEW_S
    ):
        raise Refused(700024)


def _check_certificate(
    cloud: Cloud, application: Application, assertion: str, header: tokens.Claims
) -> None:
    """Require a registered certificate, in its time, whose key signed. Raises Refused."""
    for pem in application.certificates:
        certificate = x509.load_pem_x509_certificate(pem)
        if not _names(header, certificate):
            continue
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise Refused(700027, who="The key is not RSA.")
        if not (
            certificate.not_valid_before_utc.timestamp()
            <= cloud.now()
            < certificate.not_valid_after_utc.timestamp()
        ):
            raise Refused(700027, who="The certificate used to sign is expired.")
        try:
            tokens.verified(assertion, key)
        except ValueError as error:
            raise Refused(700027, who=str(error)) from None
        return
    raise Refused(700027, who="The certificate with this thumbprint is not registered.")


def _names(header: tokens.Claims, certificate: x509.Certificate) -> bool:
    """Tell whether the header's thumbprint is the certificate's; msal pads it."""
    known: tuple[tuple[str, hashes.HashAlgorithm], ...] = (
        ("x5t", hashes.SHA1()),  # noqa: S303  what x5t is defined with
        ("x5t#S256", hashes.SHA256()),
    )
    return any(
        str(header.get(name, "")).rstrip("=") == tokens.encode(certificate.fingerprint(algorithm))
        for name, algorithm in known
    )


def _check_federation(
    cloud: Cloud, application: Application, assertion: str, claims: tokens.Claims
) -> None:
    """Require a registered issuer and subject, and the issuer's signature. Raises Refused."""
    for federation in application.federations:
        if (claims.get("iss"), claims.get("sub")) != (federation.issuer, federation.subject):
            continue
        pem = federation.public_key_pem or cloud.federation.public_key_pem
        try:
            tokens.verified(assertion, tokens.public_key(pem))
        except ValueError as error:
            raise Refused(700027, who=str(error)) from None
        return
    raise Refused(700213, who=str(claims.get("sub")))


def federated_token(cloud: Cloud, application: Application, lifetime_s: int = 600) -> str:
    """Return an assertion as the sandbox's own CI would issue it for `application`."""
    federation = application.federations[0]
    now = int(cloud.now())
    return cloud.federation.sign(
        {
            "iss": federation.issuer,
            "sub": federation.subject,
            "aud": EXCHANGE,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_s,
            "jti": hashlib.sha256(f"{federation.subject}{time.time_ns()}".encode()).hexdigest(),
        }
    )


def _token_urls(cloud: Cloud, tenant: Tenant) -> set[str]:
    return {
        f"{cloud.url}/{name}/oauth2/{version}token"
        for name in (tenant.id, tenant.domain)
        for version in ("v2.0/", "")
    } | {f"{cloud.url}/{name}/v2.0" for name in (tenant.id, tenant.domain)}


def _seconds(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default
