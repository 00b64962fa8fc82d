"""How each shell writes an assignment: text only, each dialect owns its quoting."""

from __future__ import annotations

from importlib import import_module

from azenv.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    class Dialect(Protocol):
        """What a shell must be able to say."""

        NAME: str

        def quote(self, text: str) -> str:
            """Return `text` as one word of the shell."""
            ...

        def export(self, name: str, value: str) -> str:
            """Return the statement that sets and exports `name`."""
            ...

        def unset(self, name: str) -> str:
            """Return the statement that removes `name`."""
            ...

        def assign(self, name: str, value: str | Sequence[str]) -> str:
            """Return the statement that sets a private global, which no child process sees."""
            ...

        def prologue(self, facts: Mapping[str, str | Sequence[str]]) -> str:
            """Return the assignments of the integration's private facts."""
            ...

        def table(self) -> str:
            """Return the code that is unrolled over the variables table."""
            ...


SHELLS = ("bash", "zsh", "fish", "powershell")
EXTENSIONS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "ps1"}
_ALIASES = {"pwsh": "powershell"}


def canonical(shell: str) -> str:
    """Return the name of a shell as this package knows it. Raises UsageError for others."""
    name = shell.casefold().removesuffix(".exe")
    name = _ALIASES.get(name, name)
    if name not in SHELLS:
        message = f'no dialect for the shell "{shell}"'
        raise UsageError(message, hint=f"one of: {', '.join(SHELLS)}")
    return name


def by_name(shell: str) -> Dialect:
    """Return the dialect of `shell` (`pwsh` is `powershell`). Raises UsageError for others."""
    module: Dialect = import_module(f"azenv.dialects.{canonical(shell)}")
    return module
