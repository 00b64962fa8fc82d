"""What goes wrong at a sign-in, from outside: certificates, networks, clocks, crowds, Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Application
from tests import certificates
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.processes import command

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

REPOSITORY = Path(__file__).parents[2]
SIGNER = str(Path(__file__).with_name("signer.py"))
LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


def certificate(path: Path, *, days: int = 30, password: bytes = b"") -> bytes:
    """Write key and certificate to `path`; return the certificate."""
    made = certificates.make(days, password)
    path.write_bytes(made.key + made.pem)
    return made.pem


def by_certificate(azure: Sandbox, path: Path, *more: str) -> tuple[str, ...]:
    one = next(iter(azure.cloud.population.applications.values()))
    who = ("--client-id", one.client_id, "--tenant", one.tenant, "--cloud", CLOUD)
    return ("login", "--service-principal", *who, "--certificate", str(path), *more)


def register(azure: Sandbox, pem: bytes) -> None:
    next(iter(azure.cloud.population.applications.values())).certificates.append(pem)


def test_a_certificate(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    register(azure, certificate(path))
    assert "signed in" in empty.ok(*by_certificate(azure, path)).err
    assert empty.ok("token", "--context", "Contoso Dev").out.startswith("ey")


def test_a_key_with_a_password(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    path, secret = tmp_path / "app.pem", tmp_path / "password"
    register(azure, certificate(path, password=b"open sesame"))
    said = empty.fail(*by_certificate(azure, path))
    assert f"the key in {path} has a password" in said
    assert "--password-file FILE" in said
    secret.write_text("wrong\n")
    said = empty.fail(*by_certificate(azure, path, "--password-file", str(secret)))
    assert f"the password does not open {path}" in said
    secret.write_text("open sesame\n")
    empty.ok(*by_certificate(azure, path, "--password-file", str(secret)))
    assert empty.ok("refresh", "Contoso Dev").err  # the password is kept


def test_certificates_that_will_not_do(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    pem = certificate(path, days=-1)
    assert f"the certificate in {path} expired on" in empty.fail(
        *by_certificate(azure, path), code=4
    )
    path.write_bytes(pem)
    assert f"there is no private key in {path}" in empty.fail(*by_certificate(azure, path))
    path.write_text("no certificate")
    assert f"neither PEM nor PFX: {path}" in empty.fail(*by_certificate(azure, path))
    assert "no such file" in empty.fail(*by_certificate(azure, tmp_path / "none"))
    certificate(path)  # known to nobody
    said = empty.fail(*by_certificate(azure, path), code=4)
    assert "does not accept this certificate" in said
    assert not (empty.store / "tokens.bin").exists()


def test_what_is_not_trusted_names_the_file(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        empty.unsetenv(name)
    said = empty.fail(*LOGIN)
    assert "127.0.0.1" in said
    assert ".pem" in said, said  # which trust file was used
    assert "REQUESTS_CA_BUNDLE" in said


def test_nothing_answers(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    before = (empty.store / "tokens.bin").read_bytes()
    options = ("--authority", "https://127.0.0.1:9", "--resource", "https://127.0.0.1:9/")
    empty.ok("cloud", "add", "gone", "--arm-endpoint", "https://127.0.0.1:9", *options)
    said = empty.fail("login", "--no-browser", "--cloud", "gone")
    assert "127.0.0.1:9" in said
    assert (empty.store / "tokens.bin").read_bytes() == before
    said = empty.fail("cloud", "add", "none", "--arm-endpoint", "https://127.0.0.1:9")
    assert "127.0.0.1:9" in said


@pytest.mark.parametrize("status", [0, 407, 403])
def test_a_proxy_that_refuses(azure: Sandbox, empty: Home, status: int) -> None:
    there = "https://login.stack.example"  # what is on this machine never goes through a proxy
    typed = ("--authority", there, "--resource", "https://arm.stack.example/")
    empty.ok("cloud", "add", "stack", "--arm-endpoint", "https://arm.stack.example", *typed)
    empty.ok(*LOGIN)
    before = (empty.store / "tokens.bin").read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        threading.Thread(target=refuse, args=(proxy, status), daemon=True).start()
        empty.setenv("HTTPS_PROXY", f"http://ada:s3cr3t@127.0.0.1:{port}")
        said = empty.fail("login", "--no-browser", "--cloud", "stack")
    assert f"the proxy 127.0.0.1:{port} let nothing through to login.stack.example" in said
    assert "see HTTPS_PROXY" in said
    assert not status or str(status) in said
    assert "s3cr3t" not in said
    assert (empty.store / "tokens.bin").read_bytes() == before


def refuse(proxy: socket.socket, status: int) -> None:
    """Answer each connection with `status`; 0 hangs up."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = proxy.accept()
            with connection:
                connection.recv(4096)
                if status:
                    connection.sendall(f"HTTP/1.1 {status} No\r\n\r\n".encode())


def test_no_broker_is_installed(azure: Sandbox, empty: Home) -> None:
    said = empty.fail("login", "--broker", "--cloud", CLOUD)
    assert "the system's broker needs a package that is not installed" in said
    assert "pip install 'azenv[broker]'" in said


def test_a_clock_that_is_off_is_named(azure: Sandbox, empty: Home) -> None:
    azure.cloud.clock_off_s = -86400.0
    said = empty.run(*LOGIN).err
    assert "clock" in said


def test_clouds_that_would_get_foreign_tokens(azure: Sandbox, empty: Home) -> None:
    pair = ("--authority", "https://login.microsoftonline.com", "--resource", "https://x.test/")
    said = empty.fail("cloud", "add", "evil", "--arm-endpoint", "https://x.test", *pair)
    assert "tokens of AzureCloud go to its own hosts only" in said
    said = empty.fail("cloud", "set", "AzureCloud", "--arm-endpoint", "https://x.test")
    assert "is Azure's own" in said
    said = empty.fail("cloud", "add", "plain", "--arm-endpoint", "http://example.com")
    assert '"http://example.com" is no address of an ARM' in said
    assert CLOUD in empty.ok("cloud", "list", "-o", "tsv").out
    empty.ok(*LOGIN)
    said = empty.fail("cloud", "remove", CLOUD)
    assert f'6 contexts of the cloud "{CLOUD}" would reach nothing' in said
    empty.ok("cloud", "remove", CLOUD, "--force")


def test_a_crowd_makes_one_call(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    before = azure.cloud.calls["token"]
    environ = os.environ | {"AZENV_HOME": str(empty.top)}
    words = command("token", "--context", "Contoso Dev", "-r", "https://crowd.test")
    crowd = [
        subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(20)
    ]
    answers = {one.communicate(timeout=60)[0] for one in crowd}
    assert len(answers) == 1
    assert answers.pop().startswith("ey")
    assert azure.cloud.calls["token"] == before + 1


@pytest.mark.timeout(240)
def test_twenty_sign_in_and_are_killed_and_nothing_acknowledged_is_lost(
    azure: Sandbox, empty: Home
) -> None:
    empty.ok(*LOGIN)
    shared = empty.context("Contoso Dev")["id"]
    applications = azure.cloud.population.applications
    tenant = next(iter(azure.cloud.population.tenants))
    for number in range(20):
        client_id = f"00000000-0000-4000-8000-{number:012}"
        secrets = [f"{client_id}-{one}" for one in range(25)]
        applications[client_id] = Application(client_id, tenant, f"app {number}", secrets)
    environ = os.environ | {"AZENV_HOME": str(empty.top), "PYTHONPATH": str(REPOSITORY)}
    crowd = [
        subprocess.Popen(
            [sys.executable, SIGNER, str(number), one, tenant, CLOUD, shared, "25"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, one in enumerate(list(applications)[-20:])
    ]
    said = [one.communicate(timeout=220) for one in crowd]
    assert [errors for _, errors in said] == [""] * 20
    assert sum(lines.count("killed") for lines, _ in said) > 40
    assert [one.returncode for one in crowd] == [0] * 20
    # and what the last of them left is whole
    assert empty.ok("doctor").out
    assert empty.ok("token", "--context", shared).out.startswith("ey")


def test_ctrl_c_leaves_nothing(azure: Sandbox, empty: Home) -> None:
    azure.cloud.auto_user = ""  # nobody comes
    environ = os.environ | {"AZENV_HOME": str(empty.top)}
    before = sorted(p.name for p in empty.store.iterdir())
    waiting = subprocess.Popen(command(*LOGIN), env=environ, stderr=subprocess.PIPE, text=True)
    assert waiting.stderr
    while "enter the code" not in waiting.stderr.readline():
        pass
    time.sleep(0.3)
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(20) == 130
    assert "interrupted" in waiting.stderr.read()
    waiting.stderr.close()
    assert sorted(p.name for p in empty.store.iterdir()) == before


def test_nobody_came_in_time(azure: Sandbox, empty: Home) -> None:
    azure.cloud.auto_user = ""
    ran = empty.run(*LOGIN, "--timeout", "1")
    assert ran.code in (1, 4)
    assert "azenv: error: " in ran.err


def test_blocked_by_conditional_access_names_the_broker(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    azure.cloud.faults.add(Fault("blocked"))
    said = empty.fail("token", "--context", "Contoso Dev", "-r", "https://y.test", code=4)
    assert f"keeps {ADA} out on this device (AADSTS53003)" in said
    assert "--broker" in said
    assert "device code" not in said
