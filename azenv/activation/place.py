"""Where this run of azenv works: the user's paths, the environment, the runtime directory."""

from __future__ import annotations

import os

from azenv.store import paths as store_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from azenv.store.paths import Paths


class Place:
    """One user's directories and one process's environment; the runtime root is found on use."""

    __slots__ = ("_root", "environ", "paths")

    def __init__(self, environ: Mapping[str, str], *, root: str = "") -> None:
        self.environ = environ
        self.paths: Paths = store_paths.locate(environ)
        self._root = root

    @property
    def root(self) -> str:
        """Return the runtime directory, made where there is none. Raises AzenvError."""
        if not self._root:
            self._root = store_paths.ensure_root(self.paths, self.environ)
        return self._root

    @property
    def existing_root(self) -> str | None:
        """Return the runtime directory where there is one."""
        return self._root or store_paths.find_root(self.paths, self.environ)

    def overlay(self, context_id: str) -> str:
        """Return the AZURE_CONFIG_DIR of a context; az wants the last part to be `.azure`."""
        return os.path.join(self.root, "az", context_id, ".azure")

    def use_root(self, root: str) -> None:
        """Work in the runtime directory of the shell that called."""
        self._root = root
