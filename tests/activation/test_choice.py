"""use and env: mail to the shell, the default, and what is refused without a shell function."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from azenv.commands.choosing import parse_span
from azenv.core.errors import UsageError
from azenv.core.variables import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.activation.conftest import Home


def fields(mail: Path) -> list[str]:
    return mail.read_text().split("\x1f")


def test_use_leaves_one_mail_and_an_overlay(home: Home) -> None:
    mail = home.give_mailbox()
    home.ensure("use", "prod")
    assert fields(mail) == ["n0nce", "choice", home.id("prod"), "", "follow", "", "."]
    assert mail.stat().st_mode & 0o777 == 0o600
    profile = home.root / "az" / home.id("prod") / ".azure" / "azureProfile.json"
    assert '"prod"' in profile.read_text("utf-8-sig")


def test_use_dash_swaps(home: Home) -> None:
    dev, prod = home.id("dev"), home.id("prod")
    home.setenv("__AZENV_CHOICE", prod)
    home.setenv("__AZENV_PREVIOUS", dev)
    mail = home.give_mailbox()
    home.ensure("use", "-")
    assert fields(mail)[1:5] == ["choice", dev, "", prod]


def test_use_dash_can_mean_following_the_directory(home: Home) -> None:
    prod = home.id("prod")
    home.setenv("__AZENV_CHOICE", prod)
    home.setenv("__AZENV_PREVIOUS", "follow")
    mail = home.give_mailbox()
    home.ensure("use", "-")
    assert fields(mail)[1:5] == ["follow", "", "", prod]


def test_use_dash_without_a_choice_before_is_an_error(home: Home) -> None:
    home.give_mailbox()
    assert home.run("use", "-").code == 1


def test_the_same_choice_again_keeps_the_one_before(home: Home) -> None:
    dev, prod = home.id("dev"), home.id("prod")
    home.setenv("__AZENV_CHOICE", prod)
    home.setenv("__AZENV_PREVIOUS", dev)
    mail = home.give_mailbox()
    home.ensure("use", "prod")
    assert fields(mail)[4] == dev


def test_a_time_box_is_a_file_with_that_mtime(home: Home) -> None:
    mail = home.give_mailbox()
    home.ensure("use", "prod", "--for", "30m")
    end = (home.root / "until" / fields(mail)[3]).stat().st_mtime
    assert 1795 <= end - time.time() <= 1800


def test_without_a_shell_function_use_is_refused(home: Home) -> None:
    done = home.run("use", "prod")
    assert done.code == 2
    assert "azenv exec" in done.err
    assert "azenv env" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("use", "prod", "--none"),
        ("use", "prod", "--follow"),
        ("use", "--none", "--scope", "user"),
        ("use", "prod", "--for", "soon"),
        ("use", "prod", "--for", "0m"),
        ("use", "prod", "--for", "99d"),
        ("use", "prod", "--scope", "tenant"),
        ("use", "prod", "--scope", "user", "--for", "5m"),
        ("use",),
    ],
)
def test_calls_that_cannot_be_meant(home: Home, words: tuple[str, ...]) -> None:
    mail = home.give_mailbox()
    done = home.run(*words)
    assert done.code == 2, done.err
    assert not mail.exists()


def test_a_protected_context_needs_yes_where_nobody_can_be_asked(home: Home) -> None:
    home.ensure("set", "--context", "prod", "--protected")
    mail = home.give_mailbox()
    done = home.run("use", "prod")
    assert (done.code, "--yes" in done.err, mail.exists()) == (2, True, False)
    home.ensure("use", "prod", "--yes")
    assert fields(mail)[2] == home.id("prod")


@pytest.mark.parametrize("scope", ["user", "CurrentUser", "USER"])
def test_the_default_is_az_s_own(home: Home, scope: str) -> None:
    mail = home.give_mailbox()
    home.ensure("use", "prod", "--scope", scope)
    assert fields(mail)[1] == "follow"
    text = (home.base / "azureProfile.json").read_text("utf-8-sig")
    rows = json.loads(text)["subscriptions"]
    assert [row["name"] for row in rows if row["isDefault"]] == ["prod"]


def test_of_two_defaults_the_later_change_counts(home: Home) -> None:
    profile = home.base / "azureProfile.json"
    text = profile.read_text("utf-8-sig")
    top = json.loads(text)
    # bob is an account that az, by now, does not know
    top["subscriptions"] = [row for row in top["subscriptions"] if "bob" not in row["user"]["name"]]
    profile.write_text(json.dumps(top), "utf-8-sig")
    done = home.ensure("use", "bank", "--scope", "user")
    assert "az does not follow" in done.err
    assert home.run("show", "-o", "tsv").out.startswith("bank\t")
    before = profile.read_text("utf-8-sig")
    for row in top["subscriptions"]:
        row["isDefault"] = row["name"] == "prod"
    profile.write_text(json.dumps(top), "utf-8-sig")
    assert home.run("show", "-o", "tsv").out.startswith("prod\t")
    # az's row is back as it was: azenv's older default does not come back with it
    profile.write_text(before, "utf-8-sig")
    assert home.run("show", "-o", "tsv").out.startswith("dev\t")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("8h", 28800), ("1d", 86400), ("5", 300)]
)
def test_spans(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5m", "1.5h", "٣m", "5 m", "1w", "9" * 10])
def test_spans_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_span(text)


def test_env_and_its_undo_in_a_shell_without_the_integration(home: Home) -> None:
    home.setenv("ARM_USE_MSI", "")
    home.setenv("ARM_CLIENT_SECRET", "s3cret")
    enter = home.ensure("env", "prod", "--shell", "bash").out
    script = (
        f"{enter}\n"
        'printf "%s|%s|%s\\n" "$AZENV_CONTEXT" "$AZURE_CONFIG_DIR" "${ARM_CLIENT_SECRET-gone}"\n'
        'eval "$(env -0 >"$1"; "$2" -m azenv env --undo --shell bash)"\nenv -0\n'
    )
    dump = home.work / "inside"
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(dump), sys.executable], capture_output=True, check=True
    )
    first, _, rest = done.stdout.decode().partition("\n")
    overlay = home.root / "az" / home.id("prod") / ".azure"
    assert first == f"prod|{overlay}|gone"
    after = {entry.partition("=")[0] for entry in rest.split("\0")}
    # the secret's old value is in no record: the way back of a script leaves it unset
    assert after & set(NAMES) == {"ARM_USE_MSI"}
    assert "s3cret" not in dump.read_text(errors="replace")


def test_env_wants_a_name_or_undo(home: Home) -> None:
    assert home.run("env", "--shell", "bash").code == 2
    assert home.run("env", "prod", "--undo", "--shell", "bash").code == 2
    assert home.run("env", "prod", "--shell", "tcsh").code == 2
