"""A local Azure on 127.0.0.1: Entra ID, managed identity and ARM, to try and to test azenv with."""

from __future__ import annotations
