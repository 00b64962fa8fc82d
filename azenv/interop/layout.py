"""What lies in an overlay: private files of its own, links to the base for all that is shared.

A token cache is never a link: az names its lock after the path, so overlays that share a cache
do not exclude each other and break it (tools.md section 1.3).
"""

from __future__ import annotations

import errno
import os
import sys

from azenv.interop import azclouds, azini, azrows, foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row

# What begins so is one writer's alone, and litter once nobody holds the overlay's lock.
TEMPORARY = ".new."
# The same of a whole overlay, beside the one in its place.
UNFINISHED = ".unfinished-"
_ATTEMPTS = 10
_GUID_LENGTH = 36
_LINKED_DIRECTORIES = ("cliextensions", "bin", "commands", "logs", "telemetry")
_LINKED_FILES = (
    *("commandIndex.json", "extensionIndex.json", "helpIndex.json", "extensionHelpIndex.json"),
    *("extensionCommandTree.json", "versionCheck.json", "az.json", "az.sess", "telemetry.txt"),
)


def furnish(directory: str, base: str, seed: Row | None, chosen: str) -> None:
    """Put the links and az's two INI files into a new overlay.

    `chosen` is the subscription that az remembers for the context's cloud.
    """
    for name in _LINKED_DIRECTORIES:
        target = os.path.join(base, name)
        try:
            # A dangling link to a directory breaks az at once; one to a file is fine.
            os.makedirs(target, mode=0o700, exist_ok=True)
        except OSError:  # a read-only home
            os.mkdir(os.path.join(directory, name), 0o700)
        else:
            _link(target, os.path.join(directory, name))
    for name in _LINKED_FILES:
        _link(os.path.join(base, name), os.path.join(directory, name))
    _config(directory, base, seed)
    _clouds(directory, base, seed, chosen)


def _link(target: str, path: str) -> None:
    try:
        os.symlink(target, path)
    except OSError:
        # Windows without the privilege. az makes these anew, and finds its extensions by
        # AZURE_EXTENSION_DIR.
        if os.path.isfile(target):
            os.link(target, path)


def _config(directory: str, base: str, seed: Row | None) -> None:
    """Link `config`, so that `az config set` serves everywhere; copy it where that would hurt."""
    path = os.path.join(directory, azclouds.CONFIG_FILE)
    if seed is None:
        # Blocked: no variable overrules the base's encryption here, and az has one keychain item
        # for all directories: `az account clear` would sign the base out.
        text = azclouds.text(base, azclouds.CONFIG_FILE)
        if sys.platform != "win32":
            text = azini.with_value(text, "core", "encrypt_token_cache", "false")
        write_new(path, text.encode())
    elif is_foreign_cloud(base, seed):
        # az resets the active cloud in `config` when it does not know the one that is asked for.
        write_new(path, azclouds.text(base, azclouds.CONFIG_FILE).encode())
    else:
        _link(os.path.join(base, azclouds.CONFIG_FILE), path)


def is_foreign_cloud(base: str, seed: Row) -> bool:
    """Tell whether az in the base does not know the context's cloud."""
    cloud = seed["cloud"]
    return cloud not in azclouds.BUILT_IN and cloud not in azclouds.custom(base)


def _clouds(directory: str, base: str, seed: Row | None, chosen: str) -> None:
    text = _clouds_text(base, seed, chosen)
    write_new(os.path.join(directory, azclouds.CLOUDS_FILE), text.encode())


def renew_clouds(directory: str, base: str, seed: Row, chosen: str) -> None:
    """Write the overlay's clouds anew where the context's cloud has been changed since."""
    cloud = seed["cloud"]
    if cloud in azclouds.BUILT_IN:
        return
    text = _clouds_text(base, seed, chosen)
    ours = {"subscription": chosen}  # az writes another, for itself
    found = azclouds.custom(directory).get(cloud, {}) | ours
    if found != azini.parse(text).get(cloud, {}) | ours:
        replace(os.path.join(directory, azclouds.CLOUDS_FILE), text.encode())


def _clouds_text(base: str, seed: Row | None, chosen: str) -> str:
    text = azclouds.text(base, azclouds.CLOUDS_FILE)
    if seed is not None:
        endpoints = seed.get("endpoints") or {}
        if is_foreign_cloud(base, seed):
            for option, value in endpoints.items():
                text = azini.with_value(text, seed["cloud"], option, value)
        text = azini.with_value(text, seed["cloud"], "subscription", chosen)
    return text


def write_new(path: str, data: bytes) -> None:
    """Write a file that is not there yet, 0600."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)


def replace(path: str, data: bytes, time_ns: int | None = None) -> None:
    """Put a file in an overlay whole, 0600, with the given time; az meanwhile reads the old one."""
    temporary = os.path.join(os.path.dirname(path), f"{TEMPORARY}{os.getpid()}")
    if os.path.lexists(temporary):
        os.unlink(temporary)
    write_new(temporary, data)
    if time_ns is not None:
        os.utime(temporary, ns=(time_ns, time_ns))
    os.replace(temporary, path)


def installation_id(base: str) -> str:
    """Return az's installation id, or a new one: some readers of the profile insist on one."""
    data = foreign.read(os.path.join(base, azrows.PROFILE_FILE)) or b""
    _, _, rest = data.partition(b'"installationId": "')
    found = rest.partition(b'"')[0]
    if len(found) == _GUID_LENGTH:  # not parsed: a base may hold thousands of rows
        return found.decode("ascii", "replace")
    digits = os.urandom(16).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_whole(path: str) -> bool:
    """Tell whether azenv made the overlay.

    The process that uploads az's telemetry outlives az, and makes `logs` and `telemetry` anew
    where an overlay was removed meanwhile: that alone would be an az without clouds.
    """
    return os.path.lexists(os.path.join(path, azclouds.CLOUDS_FILE))


def move(new: str, path: str) -> None:
    """Put a new overlay in its place, over what a process of az may have left there."""
    for attempt in range(_ATTEMPTS):
        remove(path)
        try:
            return os.rename(new, path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or attempt == _ATTEMPTS - 1:
                raise
    return None


def remove(path: str) -> None:
    """Remove an overlay, out of reach first: an az in there may add to what its path names."""
    aside = os.path.join(os.path.dirname(path), f"{UNFINISHED}{os.getpid()}-old")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return
    remove_tree(aside)


def remove_tree(path: str) -> None:
    """Remove a directory with all that is in it; what its links point to stays."""
    for name in os.listdir(path):
        inside = os.path.join(path, name)
        if os.path.isdir(inside) and not os.path.islink(inside):
            remove_tree(inside)
        else:
            os.unlink(inside)
    os.rmdir(path)
