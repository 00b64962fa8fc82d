"""The device code flow: a code to type elsewhere, and a client that polls."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from azenv.sandbox import signin
from azenv.sandbox.aadsts import Refused
from azenv.sandbox.cloud import DEVICE_LIFETIME_S, Device, Grant
from azenv.sandbox.web import Request, Response, as_json

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud

# No vowels and nothing that looks like a digit: people read these aloud.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"


def start(cloud: Cloud, request: Request, tenant: str) -> Response:
    """Answer POST /{tenant}/oauth2/v2.0/devicecode."""
    form = request.form
    if not form.get("client_id"):
        raise Refused(90014, who="client_id")
    device = Device(
        code=secrets.token_urlsafe(32),
        user_code="".join(secrets.choice(ALPHABET) for _ in range(9)),
        client_id=form["client_id"],
        tenant=tenant,
        oauth_scopes=form.get("scope", ""),
    )
    with cloud.lock:
        cloud.devices[device.code] = device
    if here := signin.automatic(cloud, cloud.population.tenant(tenant)):
        device.grant = Grant(
            here.user,
            device.client_id,
            tenant,
            device.oauth_scopes,
            mfa=here.mfa,
            consented=here.consented,
        )
    page = f"{cloud.url}/devicelogin"
    return as_json(
        {
            "device_code": device.code,
            "user_code": device.user_code,
            "verification_uri": page,
            "expires_in": DEVICE_LIFETIME_S,
            "interval": cloud.device_interval_s,
            "message": f"To sign in, use a web browser to open the page {page} "
            f"and enter the code {device.user_code} to authenticate.",
        }
    )


def waiting(cloud: Cloud, user_code: str) -> Device | None:
    """Return the device that shows this code and still waits."""
    folded = user_code.strip().upper()
    with cloud.lock:
        for device in cloud.devices.values():
            if device.user_code == folded and device.expires > time.time() and not device.grant:
                return device
    return None


def redeem(cloud: Cloud, form: dict[str, str]) -> Grant:
    """Return what the user approved. Raises Refused while there is nothing."""
    code = form.get("device_code") or form.get("code", "")
    device = cloud.devices.get(code)
    if device is None or device.client_id != form.get("client_id"):
        raise Refused(700003)
    if device.declined:
        raise Refused(65004)
    if device.expires <= time.time():
        raise Refused(70020)
    if device.grant is None:
        early = time.time() - device.polled < cloud.device_interval_s / 2
        device.polled = time.time()
        raise Refused(90055 if early else 70016)
    with cloud.lock:
        cloud.devices.pop(code, None)
    return device.grant
