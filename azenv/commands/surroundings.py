"""What around azenv leads a tool elsewhere: the shell, its rc file, the environment, the place."""

from __future__ import annotations

import os
import re

from azenv import integration
from azenv.activation import inforce
from azenv.activation.health import FAIL, OK, WARN, Finding
from azenv.core import delta
from azenv.core.errors import AzenvError
from azenv.core.variables import LAYOUT
from azenv.interop import azini
from azenv.store.sealed_files import BAD, SECRETS, TOKENS
from azenv.store.session import MAIL
from azenv.store.vault import user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.app import App

# What sets variables at each prompt, and must come before azenv in the rc file.
_EARLIER = {"direnv": re.compile(r"\bdirenv hook\b"), "mise": re.compile(r"\bmise activate\b")}
_OURS = re.compile(r"\bazenv init\b|" + re.escape(integration.MARK))


def hook(app: App) -> Iterator[Finding]:
    """Check that this shell has the integration, from the rc file, after direnv and mise."""
    undo = app.environ.get(delta.UNDO, "")
    if undo and undo.split(delta.US, 1)[0] != LAYOUT:
        yield Finding(WARN, "hook", "this shell's hook is of another azenv", "start a new shell")
    try:
        shell = integration.detect(app.environ)
        rc = integration.rc_file(shell, app.environ)
    except AzenvError as error:
        yield Finding(WARN, "hook", error.message, error.hint or "")
        return
    lines = _code(rc)
    ours = [number for number, line in lines if _OURS.search(line)]
    if not ours:
        loaded = "is loaded, but not from there" if app.environ.get(MAIL) else "is not installed"
        text = f"the hook {loaded}: {rc} has no line for it"
        yield Finding(WARN, "hook", text, f"azenv init {shell} --install")
        return
    late = [
        f"{name} (line {number})"
        for name, pattern in _EARLIER.items()
        for number, line in lines
        if pattern.search(line) and number > ours[-1]
    ]
    if late:
        text = f"in {rc}, {' and '.join(late)} comes after azenv (line {ours[-1]})"
        hint = f"azenv init {shell} --install    # moves the line to the end"
        yield Finding(FAIL, "hook", f"{text}: what it sets wins over a context", hint)
    elif not app.environ.get(MAIL):
        text = f"{rc} loads the hook, but this shell does not have it"
        yield Finding(WARN, "hook", text, "start a new shell")
    else:
        yield Finding(OK, "hook", f"{rc} loads it, in line {ours[-1]}")


def _code(path: str) -> list[tuple[int, str]]:
    """Return the numbered lines of an rc file that are not comments."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = list(enumerate(file, start=1))
    except OSError:
        return []
    return [(number, line) for number, line in lines if not line.lstrip().startswith("#")]


def environment(app: App) -> Iterator[Finding]:
    """Check the variables that decide where az looks, and those that contradict the context."""
    found, known = 0, ".azure"
    directory = app.environ.get("AZURE_CONFIG_DIR", "")
    if directory and delta.UNDO not in app.environ:
        found += 1
        yield _config_dir(app, directory)
    try:
        resolution = inforce.resolution(app.place, app.book)
        notes = inforce.contradictions(app.place, app.book, resolution)
    except AzenvError as error:
        found += 1
        yield Finding(FAIL, "context", error.message, error.hint or "azenv why")
        notes = []
    for note in notes:
        found += 1
        yield Finding(WARN, "variables", note, "look in .envrc and what else runs at a prompt")
    for path in _project_configs(app, known):
        found += 1
        settings = azini.parse(_text(path))
        names = (
            ", ".join(f"{s}.{o}" for s, options in settings.items() for o in options) or "nothing"
        )
        hint = "review it; azenv set --group and --location count before it"
        yield Finding(WARN, "place", f"az here also reads {path}, which sets {names}", hint)
    if not found:
        yield Finding(OK, "variables", "nothing here contradicts the context in force")


def _config_dir(app: App, directory: str) -> Finding:
    try:
        owner = os.stat(directory).st_uid
    except OSError:
        text = f"AZURE_CONFIG_DIR names no directory: {directory}"
        return Finding(WARN, "variables", text, "unset AZURE_CONFIG_DIR")
    if os.name == "posix" and owner != os.geteuid():
        text = f"AZURE_CONFIG_DIR belongs to another user: {directory}"
        return Finding(FAIL, "variables", text, "unset AZURE_CONFIG_DIR")
    text = f"AZURE_CONFIG_DIR is {directory}; azenv reads {app.paths.base}"
    return Finding(
        WARN, "variables", text, "unset AZURE_CONFIG_DIR, or set base_dir in config.toml"
    )


def _project_configs(app: App, folder: str) -> Iterator[str]:
    """Yield the files that az takes for a project's own: `.azure/config` here and above."""
    try:
        directory = os.getcwd()
    except OSError:
        return
    base = os.path.realpath(app.paths.base)
    while True:
        path = os.path.join(directory, folder, "config")
        if os.path.isfile(path) and os.path.realpath(os.path.dirname(path)) != base:
            yield path
        if directory == os.path.dirname(directory):
            return
        directory = os.path.dirname(directory)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""


def tokens(app: App) -> Iterator[Finding]:
    """Check that the key of the tokens is to be had, and name what was moved away."""
    vault = user_vault(app.paths)
    try:
        has_tokens = bool(vault.cache())
    except AzenvError as error:
        yield Finding(FAIL, "tokens", error.message, error.hint or "azenv login")
    else:
        if has_tokens:
            yield Finding(OK, "tokens", vault.where())
    for name in (TOKENS, SECRETS):
        path = os.path.join(app.paths.store, f"{name}{BAD}")
        if os.path.lexists(path):
            text = f"was damaged, and moved away: {path}"
            yield Finding(WARN, "tokens", text, f"azenv login, then: rm {path}")
