"""az's own sign-ins in the base: named, or ended by az itself. azenv never writes its caches."""

from __future__ import annotations

import shutil
import subprocess

from azenv.activation.environment import applied, changes_out
from azenv.core.errors import AzenvError
from azenv.interop import azprofile
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from azenv.app import App


def users(base: str) -> dict[str, str]:
    """Return whom az has signed in, as az calls them, by folded name."""
    try:
        rows = azprofile.load(base).rows
    except AzenvError:
        return {}
    names = (str(row["user"]["name"]) for row in rows)
    return {name.casefold(): name for name in names}


def settle(app: App, principals: Iterable[str], *, with_az: bool, dry_run: bool) -> None:
    """Have az sign these principals out of the base, or say that it has not. Raises AzenvError."""
    base = app.paths.base
    known = users(base)
    for name in sorted({known[p.casefold()] for p in principals if p.casefold() in known}):
        if not with_az:
            say(f"az itself keeps {name} signed in")
            say(f"hint: az logout --username {name}, or azenv logout {name} --az")
        elif dry_run:
            say(f"would be signed out of az: {name}")
        else:
            _run_az(app, name)
            say(f"signed out of az: {name}")


def _run_az(app: App, name: str) -> None:
    program = shutil.which("az")
    if program is None:
        raise AzenvError(f"az is not here, so it keeps {name} signed in", hint="install az")
    done = subprocess.run(
        [program, "logout", "--username", name],
        # as az is without any context: what is exported here may say how tokens are kept
        env=applied(app.environ, changes_out(app.environ)) | {"AZURE_CONFIG_DIR": app.paths.base},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise AzenvError(
            f"az does not sign {name} out: {last}", hint=f"az logout --username {name}"
        )
