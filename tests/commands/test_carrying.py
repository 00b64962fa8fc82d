"""`save --with-credentials`, and `import` of it on another machine."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests import certificates
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.conftest import Home
from tests.commands.processes import azenv, command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from azenv.sandbox.server import Sandbox

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)
PASSPHRASE = "correct horse battery staple"


class Move:
    """A bundle, the passphrase on a pipe, and another machine to take it to."""

    def __init__(self, file: Path, azure: Sandbox, go: Callable[[], Home]) -> None:
        self.path = file
        self.file = str(file)
        self._azure = azure
        self._go = go
        self.descriptors: list[int] = []

    def by(self, text: str = PASSPHRASE) -> tuple[str, str]:
        """Return the words that make azenv read `text` from a pipe, which gives it once."""
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        self.descriptors.append(read)
        return "--passphrase-fd", str(read)

    def save(self, home: Home, *words: str) -> str:
        return home.ok("save", self.file, "--with-credentials", *words, *self.by()).err

    def load(self, home: Home, *words: str) -> str:
        return home.ok("import", self.file, *words, *self.by()).err

    def elsewhere(self) -> Home:
        """Return the home of another machine, which the commands that follow run in."""
        other = self._go()
        other.ok("cloud", "add", CLOUD, "--arm-endpoint", self._azure.url)
        self._azure.cloud.calls.clear()
        return other

    def strangers(self) -> Home:
        """Return the home of a machine that does not know the cloud."""
        return self._go()

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


@pytest.fixture
def move(
    azure: Sandbox,
    empty: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Move]:
    def go() -> Home:
        (tmp_path / "elsewhere").mkdir()
        return Home(tmp_path / "elsewhere", monkeypatch, capsys)

    made = Move(tmp_path / "moved.azenv", azure, go)
    yield made
    made.close()


def test_a_user_is_signed_in_on_another_machine(move: Move, empty: Home, azure: Sandbox) -> None:
    empty.ok(*LOGIN)
    empty.ok("set", "--context", "Contoso Dev", "--protected", "--group", "rg")
    names = empty.names()
    said = move.save(empty)
    assert "6 contexts written" in said
    assert "with what signs 1 account in" in said
    assert stat.S_IMODE(move.path.stat().st_mode) == 0o600
    other = move.elsewhere()
    done = other.ok("import", move.file, "-o", "json", *move.by())
    assert done.data["signed_in"] == [ADA]
    assert f"{ADA} is signed in here, too" in done.err
    assert "the key is in" in done.err
    assert other.names() == names
    assert other.context("Contoso Dev")["protected"] is True  # more than Azure PowerShell holds
    assert other.context("Contoso Dev")["group"] == "rg"
    assert other.ok("token", "--context", "Fabrikam Prod").out.strip()
    assert not [call for call in azure.cloud.calls if "authorize" in call or "device" in call]


def test_nothing_of_it_is_in_clear(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    data = move.path.read_bytes()
    for secret in (b"eyJ", b"refresh_token", ADA.encode(), b"Contoso", PASSPHRASE.encode()):
        assert secret not in data


def test_a_secret_comes_along(move: Move, empty: Home, azure: Sandbox) -> None:
    one = next(iter(azure.cloud.population.applications.values()))
    empty.type(one.secrets[0])
    place = ("--client-id", one.client_id, "--tenant", one.tenant, "--cloud", CLOUD)
    empty.ok("login", *place, "--secret-file", "-")
    name = empty.names()[0]
    empty.ok("save", move.file, name, "--with-credentials", *move.by())
    other = move.elsewhere()
    move.load(other)
    assert other.names() == [name]
    other.ok("refresh", name)


def test_a_certificate_is_named(move: Move, empty: Home, azure: Sandbox, tmp_path: Path) -> None:
    one = next(iter(azure.cloud.population.applications.values()))
    pem = tmp_path / "app.pem"
    made = certificates.make()
    one.certificates.append(made.pem)
    pem.write_bytes(made.key + made.pem)
    place = ("--client-id", one.client_id, "--tenant", one.tenant, "--cloud", CLOUD)
    empty.ok("login", *place, "--certificate", str(pem))
    said = move.save(empty)
    assert f"copy it, too: {pem}" in said
    pem.unlink()
    said = move.load(move.elsewhere())
    assert f"its certificate is to be at {pem}" in said


def test_a_wrong_passphrase(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    other = move.elsewhere()
    said = other.fail("import", move.file, *move.by("wrong horse battery"))
    assert "the passphrase does not open" in said
    assert "horse" not in said
    assert other.names() == []
    assert not (other.store / "tokens.bin").exists()


def test_a_file_that_was_cut(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    move.path.write_bytes(move.path.read_bytes()[:500])
    # nobody is asked for a passphrase in vain
    assert "not whole" in empty.fail("import", move.file)


def test_who_is_signed_in_stays_signed_in(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    before = (empty.store / "tokens.bin").read_bytes()
    assert f"{ADA} was signed in here already" in move.load(empty)
    assert (empty.store / "tokens.bin").read_bytes() == before
    empty.ok("refresh", "Contoso Dev")
    before = (empty.store / "tokens.bin").read_bytes()
    replaced = empty.ok("import", move.file, "--on-conflict", "replace", *move.by())
    assert f"{ADA} is signed in here, too" in replaced.err
    assert (empty.store / "tokens.bin").read_bytes() != before


def test_a_sign_out_before_does_not_reach_it(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    empty.ok("logout", ADA)
    assert empty.names() == []
    move.load(empty)
    assert empty.ok("token", "--context", "Contoso Dev").out.strip()
    # az is served from it as well
    assert azenv("exec", "Contoso Dev", "true", home=empty).returncode == 0
    context_id = empty.context("Contoso Dev")["id"]
    overlay = empty.root / "az" / context_id / ".azure" / "msal_token_cache.json"
    assert "RefreshToken" in overlay.read_text()


def test_into_one_session_only(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    other = move.elsewhere()
    other.give_mailbox()
    assert ADA in other.ok("import", move.file, "--scope", "process", *move.by()).err
    session = other.letter()[5]
    assert not (other.store / "tokens.bin").exists()
    other.give_mailbox()
    other.setenv("AZENV_SESSION", session)
    assert len(other.names()) == 6
    assert other.ok("token", "--context", "Contoso Dev").out.strip()
    other.unsetenv("AZENV_SESSION")
    assert other.names() == []


def test_a_session_saves_what_it_holds(move: Move, empty: Home) -> None:
    empty.give_mailbox()
    empty.ok(*LOGIN, "--scope", "process")
    empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.ok("save", move.file, "Contoso Dev", "--with-credentials", *move.by())
    empty.unsetenv("AZENV_SESSION")
    other = move.elsewhere()
    move.load(other)
    assert other.ok("token", "--context", "Contoso Dev").out.strip()


def test_nothing_to_carry(move: Move, home: Home) -> None:
    said = home.fail("save", move.file, "--with-credentials", *move.by())
    assert "azenv itself has not signed" in said
    assert not move.path.exists()


def test_who_has_no_credential_is_named(move: Move, empty: Home) -> None:
    empty.sign_in()
    empty.ok("import", "az")
    empty.ok(*LOGIN)
    said = move.save(empty)
    assert "without credentials for alice@" in said
    assert ADA not in said.replace("signs", "")


def test_never_over_a_file(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.path.write_text("precious")
    assert "there is a file already" in empty.fail(
        "save", move.file, "--with-credentials", *move.by()
    )
    assert "never written over" in empty.fail(
        "save", move.file, "--with-credentials", "--force", *move.by(), code=2
    )
    assert move.path.read_text() == "precious"


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("short", 1, "fewer than 8 characters"),
        ("", 2, "it is empty"),
        ("\n", 2, "it is empty"),
    ],
)
def test_a_passphrase_that_is_none(
    move: Move, empty: Home, text: str, code: int, expected: str
) -> None:
    empty.ok(*LOGIN)
    assert expected in empty.fail(
        "save", move.file, "--with-credentials", *move.by(text), code=code
    )
    assert not move.path.exists()


@pytest.mark.parametrize("number", ["999", "99999999999999999999"])
def test_a_descriptor_that_is_not_open(move: Move, empty: Home, number: str) -> None:
    empty.ok(*LOGIN)
    said = empty.fail("save", move.file, "--with-credentials", "--passphrase-fd", number, code=2)
    assert f"cannot read descriptor {number}" in said


def test_nobody_to_ask(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    said = empty.fail("save", move.file, "--with-credentials", code=2)
    assert "--passphrase-fd 3 3<FILE" in said


def test_a_cloud_that_is_unknown_there(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    empty.ok("save", move.file, "--with-credentials", "--with-clouds", *move.by())
    other = move.strangers()
    said = move.load(other)
    assert f'skipped 6 of the cloud "{CLOUD}"' in said
    assert not (other.store / "tokens.bin").exists()  # its hosts would get tokens
    other.ok("import", move.file, "--with-clouds", *move.by())
    assert other.ok("token", "--context", "Contoso Dev").out.strip()


def typed(words: list[str], answers: list[tuple[str, str]], program: str = "") -> str:
    """Run azenv, or a program, at a terminal; return its status and what was shown."""
    shown = pexpect.spawn(
        program or sys.executable,
        words if program else ["-m", "azenv", *words],
        env=dict(os.environ),
        encoding="utf-8",
        timeout=60,
    )
    for prompt, answer in answers:
        shown.expect_exact(prompt)
        shown.waitnoecho()
        shown.sendline(answer)
    shown.expect(pexpect.EOF)
    shown.close()
    return f"{shown.exitstatus}: {shown.before}"


def test_a_passphrase_is_typed_twice_unseen(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    twice = [("passphrase: ", PASSPHRASE), ("the same once more: ", "correct house")]
    shown = typed(["save", move.file, "--with-credentials"], twice)
    assert shown.startswith("1: ")
    assert "the two passphrases differ" in shown
    assert not move.path.exists()
    twice = [("passphrase: ", PASSPHRASE), ("the same once more: ", PASSPHRASE)]
    shown = typed(["save", move.file, "--with-credentials"], twice)
    assert shown.startswith("0: ")
    move.elsewhere()
    shown = typed(["import", move.file], [("passphrase: ", PASSPHRASE)])
    assert "is signed in here, too" in shown
    assert "horse" not in shown


def test_a_passphrase_is_typed_though_the_bundle_comes_by_stdin(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    move.elsewhere()
    line = f"{shlex.join(command('import', '-'))} <{shlex.quote(move.file)}"
    shown = typed(["-c", line], [("passphrase: ", PASSPHRASE)], program="/bin/sh")
    assert shown.startswith("0: "), shown
    assert "is signed in here, too" in shown


def test_dry_run_says_what_is_inside(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    move.save(empty)
    other = move.elsewhere()
    said = other.ok("import", move.file, "--dry-run", *move.by()).err
    assert "6 would be added" in said
    assert "what signs 1 account in" in said
    assert other.names() == []


def test_from_one_machine_to_another_by_a_pipe(move: Move, empty: Home) -> None:
    empty.ok(*LOGIN)
    saved = piped(move, empty, "save", "-", "--with-credentials")
    other = move.elsewhere()
    piped(move, other, "import", "-", data=saved)
    assert other.ok("token", "--context", "Contoso Dev").out.startswith("ey")


def piped(move: Move, home: Home, *words: str, data: bytes = b"") -> bytes:
    """Run azenv between two pipes, the passphrase on a third one."""
    done = subprocess.run(
        command(*words, *move.by()),
        env=os.environ | {"AZENV_HOME": str(home.top)},
        pass_fds=move.descriptors,
        input=data,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_stdin_is_read_once(move: Move, empty: Home) -> None:
    said = empty.fail("import", "-", "--passphrase-fd", "0", code=2)
    assert "stdin can be read once" in said
