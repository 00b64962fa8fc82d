"""The INI that az writes, read and edited without configparser, which costs a hook 5 ms.

az writes `[section]`, `option = value` and an empty line; users add comments. Values that go on
over several lines are none of azenv's, and are passed over.
"""

from __future__ import annotations

from azenv.core.errors import DamagedError


def parse(text: str) -> dict[str, dict[str, str]]:
    """Return section -> option (lower case) -> value, as configparser reads az's files."""
    found: dict[str, dict[str, str]] = {}
    options: dict[str, str] | None = None
    for line in text.replace("\r\n", "\n").split("\n"):
        section = _section(line)
        if section is not None:
            options = found.setdefault(section, {})
        elif options is not None and (option := _option(line)):
            _, _, value = _parted(line)
            options[option] = value.strip().replace("%%", "%")
    return found


def with_value(text: str, section: str, option: str, value: str) -> str:
    """Return `text` with `option` of `section` set; everything else stays as it is.

    Raises DamagedError for what would be read as more than one value.
    """
    if not is_plain(section) or not is_plain(option) or not value.isprintable():
        raise DamagedError(f"nothing to write into az's files: {section!a} {option!a}")
    out: list[str] = []
    setting = f"{option} = {value.replace('%', '%%')}"
    inside = placed = dropping = False
    for line in text.replace("\r\n", "\n").rstrip("\n").split("\n"):
        if (name := _section(line)) is not None:
            inside, dropping = name == section, False
            out.append(line)
            if inside and not placed:
                out.append(setting)
                placed = True
            continue
        if inside:
            goes_on = line[:1].isspace() and bool(line.strip())
            dropping = dropping if goes_on else _option(line) == option
            if dropping:
                continue
        out.append(line)
    if not placed:
        out = [*out, *([""] if any(out) else []), f"[{section}]", setting]
    return "\n".join(out).lstrip("\n") + "\n"


def is_plain(name: str) -> bool:
    """Tell whether a name of a section or an option stands for itself in a file."""
    return name.isprintable() and not set(name) & set("[]")


def _section(line: str) -> str | None:
    return line[1 : line.rfind("]")] if line.startswith("[") and "]" in line[2:] else None


def _parted(line: str) -> tuple[str, str, str]:
    """Split at the first `=` or `:`, whichever comes first."""
    at = min((i for i in (line.find("="), line.find(":")) if i >= 0), default=-1)
    return (line[:at], line[at], line[at + 1 :]) if at >= 0 else (line, "", "")


def _option(line: str) -> str:
    if not line or line[0].isspace() or line[0] in "#;[":
        return ""
    name, delimiter, _ = _parted(line)
    return name.strip().lower() if delimiter else ""
