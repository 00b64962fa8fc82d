"""Which tool wrote a file."""

from __future__ import annotations

import json


def detect(data: bytes) -> str | None:
    """Return `azcli`, `azpowershell`, or None for what neither wrote."""
    try:
        found = json.loads(data[max(data.find(b"{"), 0) :].decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if "subscriptions" in found:
        return "azcli"
    if "Contexts" in found or ("Context" in found and "Environments" in found):
        return "azpowershell"
    return None
