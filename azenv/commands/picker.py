"""Pick one of a list: by fzf where it is installed, else by a prompt of our own."""

from __future__ import annotations

import os
import shutil
import subprocess

import click

from azenv.core.names import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def pick(rows: Sequence[Sequence[str]], path: str) -> str:
    """Return the id of the row that the user picked. Raises click.Abort where none was."""
    lines = {
        f"{printable(row[1])}   {printable(row[3])}   {printable(row[8])}": row[0] for row in rows
    }
    return lines[_picked(list(lines), "context", path)]


def pick_line(lines: Sequence[str], what: str) -> int:
    """Return the number of the line that the user picked. Raises click.Abort where none was."""
    shown = [printable(line) for line in lines]
    return shown.index(_picked(shown, what, os.environ.get("PATH", "")))


def _picked(lines: list[str], what: str, path: str) -> str:
    fzf = shutil.which("fzf", path=path)
    chosen = _by_fzf(fzf, lines, what) if fzf else _by_prompt(lines, what)
    if chosen not in lines:
        raise click.Abort
    return chosen


def _by_fzf(fzf: str, lines: list[str], what: str) -> str | None:
    done = subprocess.run(
        [fzf, "--prompt", f"{what}> ", "--height", "40%", "--reverse", "--no-multi"],
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stdout.rstrip("\n") or None


def _by_prompt(lines: list[str], what: str) -> str | None:
    import questionary  # prompt_toolkit: only where somebody picks

    question = questionary.select(what, choices=lines, use_search_filter=True, use_jk_keys=False)
    answer: str | None = question.ask()
    return answer
