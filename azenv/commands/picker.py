"""Pick a context from a list: fzf where it is installed, else a prompt of our own."""

from __future__ import annotations

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
    fzf = shutil.which("fzf", path=path)
    chosen = _by_fzf(fzf, list(lines)) if fzf else _by_prompt(list(lines))
    if chosen not in lines:
        raise click.Abort
    return lines[chosen]


def _by_fzf(fzf: str, lines: list[str]) -> str | None:
    done = subprocess.run(
        [fzf, "--prompt", "context> ", "--height", "40%", "--reverse", "--no-multi"],
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stdout.rstrip("\n") or None


def _by_prompt(lines: list[str]) -> str | None:
    import questionary  # prompt_toolkit: only where somebody picks

    question = questionary.select(
        "context", choices=lines, use_search_filter=True, use_jk_keys=False
    )
    answer: str | None = question.ask()
    return answer
