"""What goes into a shell's rc file: a prologue of facts, then the shell file byte for byte."""

from __future__ import annotations

import os
import sys

from azenv import dialects
from azenv.core.errors import AzenvError, UsageError
from azenv.store import paths as store_paths
from azenv.store.files import read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from azenv.store.paths import Paths

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_PACKAGE)

COMPLETIONS = {
    "bash": "azenv.bash",
    "zsh": "_azenv",
    "fish": "azenv.fish",
    "powershell": "azenv.ps1",
}


def shell_file(shell: str, stem: str = "azenv") -> str:
    """Return the text of a file in `shell/`: the hook, or the file named `stem`."""
    path = installed("shell", f"{stem}.{dialects.EXTENSIONS[shell]}")
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def completion_file(shell: str) -> str:
    """Return where the shell's completions lie."""
    return installed("completions", COMPLETIONS[shell])


def installed(directory: str, name: str) -> str:
    """Return the path of a shell file, of the wheel or of a checkout."""
    # the wheel has a copy inside the package; an editable install only has the source tree
    for place in (os.path.join(_PACKAGE, f"_{directory}"), os.path.join(_ROOT, directory)):
        path = os.path.join(place, name)
        if os.path.exists(path):
            return path
    message = f"the file {name} is missing from this installation"
    raise AzenvError(message, hint="reinstall azenv")


def facts(paths: Paths) -> dict[str, str | list[str]]:
    """Return what the shell files need to know, by the prologue's names."""
    return {
        "python": sys.executable,
        "launcher": os.path.join(_PACKAGE, "launcher.py"),
        "state": paths.records,
        "base": paths.base,
        "store": paths.store,
        "roots": store_paths.runtime_candidates(paths, {}) if paths.home else [],
    }


def init_text(shell: str, paths: Paths) -> str:
    """Return what `azenv init SHELL` prints: facts, the unrolled table, the shell's files."""
    dialect = dialects.by_name(shell)
    completions = dialect.assign("__azenv_completions", completion_file(shell))
    return "".join(
        (
            dialect.prologue(facts(paths)),
            dialect.table(),
            f"{completions}\n",
            shell_file(shell),
            shell_file(shell, "loader"),
        )
    )


def detect(environ: Mapping[str, str]) -> str:
    """Return the shell that called: by the shell function's word, else by the process tree.

    Raises UsageError where no known shell did.
    """
    if told := environ.get("__AZENV_SHELL"):
        return dialects.canonical(told)
    import shellingham  # reads the process tree

    try:
        name, _ = shellingham.detect_shell()
    except shellingham.ShellDetectionFailure:
        message = "which shell this is cannot be seen"
        raise UsageError(message, hint="azenv init bash|zsh|fish|powershell") from None
    return dialects.canonical(name)


def rc_file(shell: str, environ: Mapping[str, str]) -> str:
    """Return the rc file of an interactive `shell`. Raises AzenvError without a home."""
    home = environ.get("HOME") or environ.get("USERPROFILE", "")
    if not home:
        message = "HOME is not set, so the rc file cannot be found"
        raise AzenvError(message, hint="export HOME=/home/you")
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    if shell == "bash":
        return os.path.join(home, ".bashrc")
    if shell == "zsh":
        return os.path.join(environ.get("ZDOTDIR") or home, ".zshrc")
    if shell == "fish":
        return os.path.join(config, "fish", "config.fish")
    profile = "Microsoft.PowerShell_profile.ps1"
    if os.name == "nt":
        return os.path.join(home, "Documents", "PowerShell", profile)
    return os.path.join(config, "powershell", profile)


def hook_file(shell: str, paths: Paths) -> str:
    """Return where `--install` writes the static hook file."""
    return os.path.join(paths.state, f"init.{dialects.EXTENSIONS[shell]}")


def renew(paths: Paths) -> list[str]:
    """Write the installed hook files of an older azenv anew; return their paths."""
    renewed = []
    for shell in dialects.SHELLS:
        path = hook_file(shell, paths)
        old = read_private(path)
        if old is not None and old != (new := init_text(shell, paths).encode()):
            write_private(path, new)
            renewed.append(path)
    return renewed


MARK = "# azenv: added by `azenv init --install`, removed by `--remove`"


def rc_line(shell: str, paths: Paths) -> str:
    """Return the one line for the rc file; it is silent where azenv is gone."""
    file = dialects.by_name(shell).quote(hook_file(shell, paths))
    if shell == "powershell":
        return f"if (Test-Path -LiteralPath {file}) {{ . {file} }} {MARK}"
    if shell == "fish":
        return f"test -f {file}; and source {file} {MARK}"
    return f"if [ -f {file} ]; then . {file}; fi {MARK}"


def without_line(text: str) -> str:
    """Return the rc file's text without the line that `--install` added."""
    return "".join(line for line in text.splitlines(keepends=True) if MARK not in line)


def with_line(text: str, line: str) -> str:
    """Return the rc file's text with the line last, once: after direnv's and mise's."""
    text = without_line(text)
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{line}\n"
