"""The user's settings: `config.toml` in the store directory. Unknown keys are an error."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from azenv.core.errors import DamagedError
from azenv.store.files import read_private, write_private

KEY_STORES = ("auto", "keyring", "file")


@dataclass(frozen=True, slots=True)
class Settings:
    """`base_dir`: az's own directory, absolute; empty for `~/.azure`.

    `autosave`: sign-ins and contexts outlive the session. `key_store`: where the key of the
    tokens is kept, one of KEY_STORES. `client_id`: the application that users sign in through;
    empty for the Azure CLI's. `default_subscription`: chosen at a sign-in, by id or name.
    """

    base_dir: str = ""
    autosave: bool = True
    key_store: str = "auto"
    client_id: str = ""
    default_subscription: str = ""


KEYS = tuple(item.name for item in fields(Settings))
_EXAMPLES = {
    "base_dir": '"/home/you/.azure"',
    "autosave": "false",
    "key_store": '"auto", "keyring" or "file"',
    "client_id": '"00000000-0000-0000-0000-000000000000"',
    "default_subscription": '"Contoso Prod"',
}


def load(path: str) -> Settings:
    """Return the settings in `path`; the defaults where there is no file.

    Raises DamagedError that names the key, or the place in the text.
    """
    data = read_private(path)
    return Settings() if data is None else parse(data, path)


def parse(data: bytes, path: str) -> Settings:
    """Return the settings that `data`, read from `path`, holds. Raises DamagedError."""
    import tomllib  # as slow as the interpreter itself

    try:
        found = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"the settings do not parse: {path} ({error})"
        raise DamagedError(message, hint=f"edit {path}") from error
    for key, value in found.items():
        if key not in KEYS:
            message = f'unknown setting "{key}" in {path}'
            raise DamagedError(message, hint=f"known settings: {', '.join(KEYS)}")
        if wanted := _wanted(key, value):
            message = f'"{key}" is not {wanted} in {path}'
            raise DamagedError(message, hint=f"{key} = {_EXAMPLES[key]}")
    return Settings(**found)


def _wanted(key: str, value: object) -> str:
    """Return what the value of `key` would have to be; "" where it is that."""
    if key == "autosave":
        return "" if isinstance(value, bool) else "true or false"
    if key == "key_store":
        return "" if value in KEY_STORES else f"one of {', '.join(KEY_STORES)}"
    if key == "base_dir":
        is_path = isinstance(value, str) and (not value or os.path.isabs(value))
        return "" if is_path else "an absolute path"
    return "" if isinstance(value, str) else "text"


def change(path: str, **values: str | bool) -> None:
    """Set some of the settings and leave the rest of the file, comments too, as it is.

    Call under the store lock. Raises DamagedError for a file that does not parse as it stands.
    """
    import tomlkit

    data = read_private(path) or b""
    parse(data, path)
    document = tomlkit.parse(data.decode())
    document.update(values)
    new = tomlkit.dumps(document).encode()
    parse(new, path)
    if new != data:
        write_private(path, new)
