"""The verdict on a pin that no record answers for, without json and tomllib where it can be.

An untrusted repository must not cost a second of anybody's time: most pins that come this way
were never decided about, and one look for the path in the trust file's bytes tells.
"""

from __future__ import annotations

import os

from azenv.store.files import read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.store.paths import Paths

NOT_TRUSTED = "not trusted; review it, then: azenv allow"


def verdict(paths: Paths, real: str, content: str) -> tuple[str, str]:
    """Return (word, argument) for `content` at the real path. Call under the store lock.

    Raises DamagedError where the trust file cannot be used.
    """
    data = read_private(f"{paths.store}/trust.json") or b""
    # what json writes as it stands; any other path takes the long way
    is_plain = real.isascii() and real.isprintable() and not set(real) & set('"\\')
    if not is_plain or b'"' + real.encode() + b'"' in data:
        from azenv.activation import verdicts
        from azenv.store import trust

        decided = trust.load(paths.store)
        return verdicts.verdict(real, content, decided, verdicts.rows(paths))
    if is_foreign(real):
        return "denied", "foreign"
    return "blocked", NOT_TRUSTED


def is_foreign(path: str) -> bool:
    """Tell whether another user owns the file at `path`."""
    try:
        return os.name == "posix" and os.lstat(path).st_uid != os.geteuid()
    except OSError:
        return False
