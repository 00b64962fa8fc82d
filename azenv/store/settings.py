"""The user's settings: `config.toml` in the store directory. Unknown keys are an error."""

from __future__ import annotations

import os
from dataclasses import dataclass

from azenv.core.errors import DamagedError
from azenv.store.files import read_private

KEYS = ("base_dir",)


@dataclass(frozen=True, slots=True)
class Settings:
    """`base_dir`: az's own directory, absolute; empty for `~/.azure`."""

    base_dir: str = ""


def load(path: str) -> Settings:
    """Return the settings in `path`; the defaults where there is no file.

    Raises DamagedError that names the key, or the place in the text.
    """
    import tomllib  # as slow as the interpreter itself

    data = read_private(path)
    if data is None:
        return Settings()
    try:
        found = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"the settings do not parse: {path} ({error})"
        raise DamagedError(message, hint=f"edit {path}") from error
    for key in found:
        if key not in KEYS:
            message = f'unknown setting "{key}" in {path}'
            raise DamagedError(message, hint=f"known settings: {', '.join(KEYS)}")
    base_dir = found.get("base_dir", "")
    if not isinstance(base_dir, str) or (base_dir and not os.path.isabs(base_dir)):
        message = f'"base_dir" is not an absolute path in {path}'
        raise DamagedError(message, hint='base_dir = "/home/you/.azure"')
    return Settings(base_dir)
