"""azenv gives every shell and every directory its own Azure context."""

from __future__ import annotations

__version__ = "0.1.0"
