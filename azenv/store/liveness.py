"""Which sessions are alive, and which context each of them has active.

A session is its machine, boot, pid namespace, pid and start time. One of another machine, or of
another pid namespace of this boot, is none of ours to judge: it counts as alive.
"""

from __future__ import annotations

import os

from azenv.store.paths import ACTIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A shell may write in the very tick in which it starts, and clocks are read one after the other.
_SLACK_S = 2.0


def identity(pid: str) -> tuple[str, str, str, str]:
    """Return machine id, boot id, pid namespace and start time (empty where nobody tells it)."""
    return (*machine(), _start_time(pid))


def machine() -> tuple[str, str, str]:
    """Return machine id, boot id and pid namespace of this process."""
    return (
        _first_line("/etc/machine-id"),
        _first_line("/proc/sys/kernel/random/boot_id"),
        _link("/proc/self/ns/pid"),
    )


def has_ended(pid: str, known: Sequence[str]) -> bool:
    """Tell whether the session that was `identity(pid)` once is gone."""
    here = machine()
    if known[0] != here[0]:
        return False
    if known[1] != here[1]:
        return True
    if known[2] != here[2]:
        return False
    if known[3]:
        return _start_time(pid) != known[3]
    return not _tells_start_times() and not _exists(pid)


def remembered(root: str, pid: str) -> list[str] | None:
    """Return what `remember` wrote of a session, None where it is absent or torn."""
    try:
        with open(os.path.join(root, "sessions", pid), encoding="ascii") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return lines if len(lines) == 4 else None  # noqa: PLR2004  as `identity` has it


def active(root: str, *, but: str = "") -> dict[str, str]:
    """Return the context that each live session has active, by pid; `but` is left out.

    A shell writes the id at each change, empty on leaving. What a dead one left is removed.
    """
    found = {}
    for pid in _list(os.path.join(root, ACTIVE)):
        path = os.path.join(root, ACTIVE, pid)
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                context_id, written = file.read(100).strip(), os.fstat(file.fileno()).st_mtime
            if not _is_alive(root, pid, written):
                os.unlink(path)
            elif pid != but and context_id:
                found[pid] = context_id
        except OSError:
            continue  # swept by another
    return found


def _is_alive(root: str, pid: str, written: float) -> bool:
    """Tell whether the process that wrote its file at `written` still is the one called `pid`."""
    if not pid.isdecimal():
        return False
    if (known := remembered(root, pid)) and known[3]:
        return not has_ended(pid, known)
    start = _start_time(pid)
    if not start:
        return not _tells_start_times() and _exists(pid)
    return written >= _boot_time() + int(start) / os.sysconf("SC_CLK_TCK") - _SLACK_S


def _tells_start_times() -> bool:
    """Tell whether this platform has /proc; where not, a process is known by its id alone."""
    return bool(_start_time(str(os.getpid())))


def _exists(pid: str) -> bool:
    if os.name != "posix":
        return True  # there, signal 0 is Ctrl-C
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _start_time(pid: str) -> str:
    """Return when the process started, in ticks since boot; empty where there is none."""
    stat = _first_line(f"/proc/{pid}/stat")
    # the command, in parentheses, may hold anything: the fields count from the last one
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""  # noqa: PLR2004  proc(5): starttime is field 22


def _boot_time() -> float:
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return next(float(line.split()[1]) for line in file if line.startswith("btime "))
    except (OSError, StopIteration):
        return 0.0


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _list(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
