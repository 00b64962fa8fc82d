"""The user's browser: whether there is one to open, and the page that it ends on."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;
place-items:center;background:Canvas;color:CanvasText}
main{width:min(26rem,90vw);padding:2rem;border:1px solid GrayText;border-radius:.75rem}
h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.5rem 0}
code{font:.875rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
.mark{font-size:2rem;line-height:1}.good{color:#107c10}.bad{color:#c42b1c}
small{color:GrayText}
"""
# Where Windows keeps what opens a page, as WSL sees it; PATH may be without it.
_WINDOWS = ("wslview", "explorer.exe", "/mnt/c/Windows/explorer.exe")
# A browser in the foreground must not keep MSAL from listening: it opens the page first.
PATIENCE_S = 2.0


def _page(mark: str, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main>{mark}<h1>{title}</h1>{body}</main></body></html>"
    )


# MSAL fills in what follows a dollar sign, escaped.
SUCCESS = _page(
    '<div class="mark good" aria-hidden="true">&#10003;</div>',
    "You are signed in",
    "<p>azenv goes on in your terminal.</p><p><small>You can close this window.</small></p>",
)
FAILURE = _page(
    '<div class="mark bad" aria-hidden="true">&#10007;</div>',
    "You are not signed in",
    "<p><code>$error</code></p><p>$error_description</p>"
    "<p><small>Your terminal says what to do next. You can close this window.</small></p>",
)


def is_wsl() -> bool:
    """Tell whether this Linux runs inside Windows."""
    return sys.platform == "linux" and "microsoft" in platform.release().casefold()


def is_there(environ: Mapping[str, str]) -> bool:
    """Tell whether a browser can be opened where the user sits."""
    if environ.get("CODESPACES") == "true":
        return False
    if environ.get("BROWSER") or is_wsl():
        return True
    if environ.get("SSH_CONNECTION") and not environ.get("DISPLAY"):
        return False  # it would open on another desk
    if sys.platform == "linux" and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def prepare(environ: Mapping[str, str]) -> None:
    """Have the standard library open pages with patience, and Windows' own browser from WSL."""
    opened: Callable[[str], bool] = webbrowser.open
    if is_wsl() and not environ.get("BROWSER"):
        opened = _open_in_windows
    webbrowser.register("azenv", None, _Patient(opened), preferred=True)


def _open_in_windows(url: str) -> bool:
    for name in _WINDOWS:
        if program := shutil.which(name):
            # explorer.exe ends with 1 where all went well
            return subprocess.run([program, url], check=False).returncode in (0, 1)
    return False


class _Patient(webbrowser.BaseBrowser):
    """A browser that is opened in a thread of its own."""

    def __init__(self, opened: Callable[[str], bool]) -> None:
        super().__init__("azenv")
        self._opened = opened
        self._is_opening = False

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002  the base class's signature
        """Open the page; return False only where that failed at once."""
        if self._is_opening:  # the standard library goes through every browser, this one too
            return False
        self._is_opening = True
        results: list[bool] = []
        worker = threading.Thread(target=lambda: results.append(self._opened(url)), daemon=True)
        worker.start()
        worker.join(PATIENCE_S)
        self._is_opening = bool(worker.is_alive())
        return results[0] if results else worker.is_alive()
