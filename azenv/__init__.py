"""azenv gives every shell and every directory its own Azure context."""

__version__ = "0.1.0"
