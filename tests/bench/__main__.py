"""Measure azenv beside what people use today, in one run: `make bench`.

Nothing is asserted: a table is printed. The exit status is 1 only where a measurement broke.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.rows import RIVALS, Job, Row, Rows
from tests.bench.shells import BrokenRunError
from tests.bench.signing import SigningRows
from tests.bench.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_worlds(top: Path) -> tuple[World, World]:
    small = World(top / "few", tenants=1, subscriptions=10)
    large = World(top / "many", tenants=50, subscriptions=200)
    if "direnv" in RIVALS:
        small.allow_direnv()
    if "mise" in RIVALS:
        small.trust_mise()
    small.import_contexts()
    large.import_contexts()
    small.pin()
    return small, large


def jobs_of(rows: Sequence[Row]) -> list[Job]:
    """Return every job once, however many rows quote it."""
    return list(
        dict.fromkeys(job for row in rows for job in (row.ours, *(b.job for b in row.beside)))
    )


def measure(jobs: Sequence[Job], rounds: int) -> dict[Job, list[float]]:
    """Run all jobs once a round, so that whatever else the machine does meets all of them."""
    times: dict[Job, list[float]] = {job: [] for job in jobs}
    broken: set[Job] = set()
    for number in range(rounds):
        for job in jobs:
            if job in broken or number >= job.rounds:
                continue
            try:
                times[job].append(job.time(number))
            except BrokenRunError as error:
                broken.add(job)
                print(f"broken: {error}", file=sys.stderr)
    for job in broken:
        del times[job]
    return times


def show_time(microseconds: float) -> str:
    if microseconds < 10_000:
        return f"{microseconds:,.0f} µs"
    return f"{microseconds / 1000:,.1f} ms"


def count_processes(rows: Sequence[Row]) -> dict[Job, float]:
    if shutil.which("strace") is None:
        return {}
    return {row.ours: row.ours.processes() for row in rows if row.traced}


def show_row(row: Row, medians: dict[Job, float], processes: dict[Job, float]) -> str:
    ours = medians.get(row.ours)
    if ours is None:
        return f"{row.what:<27} {row.ours.shell.name:<10}    broken"
    cells = [f"{row.what:<27} {row.ours.shell.name:<10} {show_time(ours):>9} {row.wanted}"]
    if row.ours in processes:
        cells.append(f"{processes[row.ours]:g} processes")
    for beside in row.beside:
        theirs = medians.get(beside.job)
        if theirs is None:
            cells.append(f"{beside.name} broken")
            continue
        ratio = beside.ratio(ours, theirs)
        digits = 0 if ratio >= 10 else 2
        cells.append(f"{beside.name} {show_time(theirs)}: {ratio:.{digits}f} ({beside.wanted})")
    return "   ".join(cells)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    options = parser.parse_args()
    # PowerShell lists every parent of where it goes, and /tmp is full of what tests have left.
    quiet = "/var/tmp" if Path("/var/tmp").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="azenv-bench-", dir=quiet) as top:
        found = Rows(*build_worlds(Path(top)))
        with SigningRows(Path(top), found.bare_python) as signing:
            rows = [row for row in (*found, *signing) if options.only in row.what]
            times = measure(jobs_of(rows), options.rounds)
            processes = count_processes([row for row in rows if row.ours in times])
    medians = {job: statistics.median(taken) for job, taken in times.items()}
    print(f"medians of {options.rounds} interleaved rounds; ratio (meant to be)\n")
    for row in rows:
        print(show_row(row, medians, processes))
    return int(len(medians) < len(jobs_of(rows)))


if __name__ == "__main__":
    sys.exit(main())
