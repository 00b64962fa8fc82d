"""Azure PowerShell's JSON, every step of the reading checked for its type."""

from __future__ import annotations

import json

from azenv.core.errors import DamagedError
from azenv.interop.azrows import is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Part:
    """A JSON object with the name it has in its file; absent and null are the empty object."""

    __slots__ = ("_file", "_found", "_where")

    def __init__(self, found: dict[str, Any], file: str, where: str) -> None:
        self._found = found
        self._file = file
        self._where = where

    @classmethod
    def parse(cls, data: bytes, file: str) -> Part:
        """Return the file's top object; what stands before the first `{` is dropped (BOM)."""
        try:
            found = json.loads(data[max(data.find(b"{"), 0) :].decode("utf-8"))
        except RecursionError:
            raise _damaged(file, "it is nested too deeply") from None
        except ValueError as error:
            raise _damaged(file, str(error)) from None
        if not isinstance(found, dict):
            raise _damaged(file, "it is not a JSON object")
        return cls(found, file, "")

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def get(self, key: str) -> object:
        """Return the value as it is, None where there is none."""
        return self._found.get(key)

    def text(self, key: str) -> str:
        """Return a text, empty where it is absent or null."""
        value = self._found.get(key)
        if value is None:
            return ""
        if not is_text(value):
            raise self._wrong(key, "a text")
        return str(value)

    def part(self, key: str) -> Part:
        """Return an object inside this one."""
        value = self._found.get(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return Part(value, self._file, self._name(key))

    def parts(self) -> Iterator[tuple[str, Part]]:
        """Yield every object inside this one with its key."""
        for key in self._found:
            if not is_text(key):
                raise self._wrong(ascii(key), "a name that UTF-8 can hold")
            yield key, self.part(key)

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _wrong(self, key: str, wanted: str) -> DamagedError:
        return _damaged(self._file, f'"{self._name(key)}" is not {wanted}')


def _damaged(file: str, why: str) -> DamagedError:
    return DamagedError(
        f"this is no file of Azure PowerShell's: {file} ({why})",
        hint="write it again in Azure PowerShell: Save-AzContext FILE",
    )
