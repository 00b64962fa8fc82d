"""The front door: what must be fast leaves at once, the rest goes to the command line."""

from __future__ import annotations

import os
import sys

# Verbs with plain forms that need no parser.
PLAIN = ("use", "select", "list", "ls")


def main() -> int:
    """Run azenv; return the exit status."""
    _leave_untrusted_directories()
    words = sys.argv[1:]
    if words[:1] == ["hook"] and len(words) > 1:
        from azenv.hook import main as hook

        return hook(words[1:])
    if words[:1] == ["token"]:
        from azenv.token import cached

        if text := cached(words[1:]):
            print(text)
            return 0
    if words == ["--version"]:
        from azenv import __version__

        print(f"azenv {__version__}")
        return 0
    if words and words[0] in PLAIN and "_AZENV_COMPLETE" not in os.environ:
        from azenv import boundary, plain

        if action := plain.action(words):
            return boundary.run(action)
    from azenv.cli import main as cli

    return cli(words)


def _leave_untrusted_directories() -> None:
    """Never import from the working directory: `PYTHONPATH=:/x` puts a stranger's json.py first."""
    here = os.path.realpath(os.curdir) if _has_directory() else ""
    sys.path[:] = [p for p in sys.path if p and (not here or os.path.realpath(p) != here)]


def _has_directory() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
