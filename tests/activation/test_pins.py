"""pin, unpin, allow, deny: what a pin's bytes lead to, and what the user is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.store import records
from azenv.store.paths import locate

if TYPE_CHECKING:
    from tests.activation.conftest import Home


def record(home: Home, directory: str = "") -> tuple[str, str]:
    """Return the word and the argument of the record of the pin in `directory`."""
    found = records.read_pin(locate(os.environ), str(home.work / directory / ".azenv.toml"))
    assert found is not None
    return found[:2]


def write(home: Home, text: str, directory: str = "") -> None:
    path = home.work / directory / ".azenv.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def blocked(home: Home) -> str:
    link = json.loads(home.run("why", "-o", "json").out)["data"]["chain"][1]
    assert link["source"] == "pin"
    return str(link["blocked"])


def test_pin_writes_and_trusts(home: Home) -> None:
    home.ensure("pin", "prod")
    assert (home.work / ".azenv.toml").read_text() == 'context = "prod"\n'
    assert record(home) == ("context", home.id("prod"))


def test_pin_keeps_comments_and_order(home: Home) -> None:
    write(home, "# the shop\ncontext = 'dev'  # for now\n")
    home.ensure("pin", "prod")
    text = (home.work / ".azenv.toml").read_text()
    assert text.startswith("# the shop\n")
    assert "# for now" in text
    assert record(home)[0] == "context"


def test_portable_pin_holds_ids_only(home: Home) -> None:
    home.ensure("pin", "prod", "--portable")
    text = (home.work / ".azenv.toml").read_text()
    assert "prod" not in text
    assert text.splitlines()[0].startswith("subscription = ")
    assert record(home) == ("context", home.id("prod"))


def test_unpin_forgets(home: Home) -> None:
    home.ensure("pin", "prod")
    text = (home.work / ".azenv.toml").read_text()
    home.ensure("unpin")
    assert not (home.work / ".azenv.toml").exists()
    write(home, text)
    assert blocked(home).startswith("not trusted")


def test_unpin_without_a_pin_is_an_error(home: Home) -> None:
    done = home.run("unpin")
    assert (done.code, "no pin here" in done.err) == (1, True)


def test_allow_tells_what_is_selected_and_an_edit_is_untrusted_again(home: Home) -> None:
    write(home, 'context = "dev"\n')
    assert blocked(home).startswith("not trusted")
    done = home.ensure("allow")
    assert "selects dev" in done.err
    assert record(home) == ("context", home.id("dev"))
    write(home, 'context = "prod"\n')
    assert blocked(home).startswith("changed since you allowed it")
    done = home.ensure("allow")
    assert "before: dev" in done.err


def test_reverting_to_the_allowed_bytes_is_trusted(home: Home) -> None:
    home.ensure("pin", "dev")
    write(home, 'context = "prod"\n')
    assert blocked(home)
    write(home, 'context = "dev"\n')
    assert home.run("show", "-o", "tsv").out.startswith("dev\t")


def test_the_same_bytes_that_mean_another_context_are_untrusted(home: Home) -> None:
    home.ensure("pin", "dev")
    home.ensure("rename", "dev", "old")
    assert "is gone" in blocked(home)
    home.ensure("rename", "prod", "dev")
    assert "now means another context" in blocked(home)
    assert record(home)[0] == "blocked"


def test_deny_is_as_if_the_pin_were_not_there(home: Home) -> None:
    home.ensure("pin", "dev", "--directory", str(home.work))
    write(home, 'context = "prod"\n', "inner")
    home.cd(home.work / "inner")
    home.ensure("deny")
    assert home.run("show", "-o", "tsv").out.startswith("dev\t")
    home.ensure("allow")
    assert home.run("show", "-o", "tsv").out.startswith("prod\t")


def test_a_pin_that_fits_several_is_settled(home: Home) -> None:
    tenant = json.loads(home.ensure("show", "dev", "-o", "json").out)["data"]["tenant"]["id"]
    write(home, f'tenant = "{tenant}"\n')
    done = home.run("allow")
    assert (done.code, "azenv allow --context" in done.err) == (1, True)
    home.ensure("allow", "--context", "prod")
    assert record(home) == ("context", home.id("prod"))


def test_allow_refuses_to_settle_on_what_the_pin_does_not_fit(home: Home) -> None:
    write(home, 'context = "dev"\n')
    done = home.run("allow", "--context", "bank")
    assert (done.code, "does not fit" in done.err) == (1, True)
    assert blocked(home)


def test_a_pin_never_activates_a_protected_context(home: Home) -> None:
    home.ensure("pin", "prod")
    home.ensure("set", "--context", "prod", "--protected")
    word, reason = record(home)
    assert (word, "protected" in reason, "azenv use" in reason) == ("blocked", True, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('context = "dev"\nsubscription = "x"\n', "stands alone"),
        ('context = "dev"\nAZURE_CONFIG_DIR = "/evil"\n', "unknown key"),
        ('[env]\nX = "1"\n', "unknown key"),
        ("context = 3\n", "needs text"),
        ('context = ""\n', "needs text"),
        ('account = "x"\n', "names no context"),
        ("context = \n", "not valid TOML"),
        ("", "names no context"),
    ],
)
def test_other_keys_are_refused(home: Home, text: str, told: str) -> None:
    write(home, text)
    done = home.run("allow")
    assert (done.code, told in done.err) == (1, True), done.err


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfcontext = 'dev'\n", b"context = '\xff'\n", b"#" * 4097, b"x\0y"]
)
def test_bytes_that_no_pin_has_are_refused(home: Home, data: bytes) -> None:
    (home.work / ".azenv.toml").write_bytes(data)
    done = home.run("allow")
    assert done.code == 1
    assert all(line.startswith("azenv: ") for line in done.err.splitlines())


def test_a_link_and_a_fifo_are_refused_at_once(home: Home) -> None:
    write(home, 'context = "dev"\n', "other")
    pin = home.work / ".azenv.toml"
    pin.symlink_to(home.work / "other" / ".azenv.toml")
    assert "not a plain readable file" in home.run("allow").err
    pin.unlink()
    os.mkfifo(pin)
    assert "not a plain readable file" in home.run("allow").err
    assert "not a plain readable file" in blocked(home)


def test_4096_bytes_are_allowed(home: Home) -> None:
    text = 'context = "dev"\n#' + "é" * 2039 + "x"
    assert len(text.encode()) == 4096
    write(home, text)
    home.ensure("allow")
    assert record(home) == ("context", home.id("dev"))


def test_a_directory_whose_name_is_no_utf8_can_be_trusted(home: Home) -> None:
    directory = os.fsencode(home.work) + b"/\xff\n\"'"
    name = os.fsdecode(directory)
    Path(name).mkdir()
    home.ensure("pin", "dev", "--directory", name)
    found = records.read_pin(locate(os.environ), f"{name}/.azenv.toml")
    assert found is not None
    assert found[:2] == ("context", home.id("dev"))
    home.ensure("rename", "bank", "other")
