"""Twenty processes rename, set and remove at once, and are killed at random."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.activation import change, glance
from azenv.activation.change import changing
from azenv.activation.place import Place
from azenv.core import delta
from azenv.core.model import Account, Subscription, Target, Tenant
from azenv.store import contexts, files, records, trust

if TYPE_CHECKING:
    from azenv.store.paths import Paths

WORKER = Path(__file__).with_name("worker.py")
WORKERS, ROUNDS = 20, 15


def target(number: int) -> Target:
    return Target(
        "AzureCloud", Account("ada@x.example"), Tenant("t"), Subscription(f"s{number}", "same")
    )


def snapshot(paths: Paths) -> dict[str, str]:
    """Return every record, by name, but the generation's token."""
    top = Path(paths.records)
    return {
        str(path.relative_to(top)): path.read_text()
        for path in top.rglob("*")
        if path.is_file()
        and path.parent.name != "generation"
        and not path.name.startswith(".")
        and path.name != "default"
    }


def look(paths: Paths) -> None:
    """Read what a shell and a program read; nothing may be torn, at no moment."""
    contexts.load(paths.store)
    records.read_index(paths)
    for path in Path(paths.records, "contexts").iterdir():
        if not path.name.startswith("."):
            text = records.read(paths, f"contexts/{path.name}")
            assert text is None or delta.parse_record(text)[0] == path.name


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the workers fork")
def test_nothing_acknowledged_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "TF_BUILD", "GITHUB_ACTIONS", "__AZENV_CHOICE", "__AZENV_MAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZENV_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent.parent))
    monkeypatch.chdir(tmp_path)
    place = Place(dict(os.environ))
    with changing(place) as opened:
        for number in range(WORKERS):
            opened.book.known[target(number).identity] = target(number)
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(number), f"s{number}", str(ROUNDS)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WORKERS)
    ]
    while any(worker.poll() is None for worker in workers):
        look(place.paths)
    said = [worker.communicate()[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, said
    change.ensure_records(place)
    assert not records.is_dirty(place.paths)
    book = contexts.load(place.paths.store)
    assert {row[0] for row in glance.rows(place)} == set(book.contexts)
    found = snapshot(place.paths)
    with files.locked(place.paths.lock):
        change.rebuild(place, book, trust.load(place.paths.store))
    assert snapshot(place.paths) == found
