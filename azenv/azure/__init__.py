"""The network: sign-in, tokens, tenants, subscriptions. The only importer of msal and requests."""

from __future__ import annotations
