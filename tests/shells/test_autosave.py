"""Autosave where it is hard: sessions that are killed, that share an account, and what az holds."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from typing import TYPE_CHECKING

from azenv.sandbox.faults import Fault
from tests.local_azure import wait_for_taken
from tests.shells.article import ADA, LOGIN, article, do, running
from tests.shells.harness import require_tool

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.shells.article import Article
    from tests.shells.harness import Session, Shell

__all__ = ["article", "running"]  # fixtures


OTHERS = ("Contoso Prod", "Contoso Test", "Fabrikam Dev", "Fabrikam Prod", "Fabrikam Test")


def kill(sh: Session) -> None:
    """End a shell as the kernel does when memory is short."""
    os.kill(sh.process.pid, signal.SIGKILL)
    sh.process.wait()


def credentials(article: Article) -> bool:
    """Tell whether azenv keeps tokens."""
    return (article.world.base / "azenv" / "tokens.bin").exists()


def overlay_of(sh: Session) -> str:
    return sh.env()["AZURE_CONFIG_DIR"]


def test_a_killed_session_keeps_its_word(article: Article, shell: Shell) -> None:
    with article.session(shell) as sh:
        do(sh, *LOGIN)
        overlay = overlay_of(sh)
        do(sh, "autosave", "disable")
        kill(sh)
    assert os.path.isdir(overlay)  # noqa: PTH112  a text from the shell
    said = article.ensure("list", "-o", "tsv")  # the next azenv does it
    assert "Contoso Dev" not in said
    assert not os.path.isdir(overlay)  # noqa: PTH112
    assert not (article.world.base / "azenv" / "leaving.json").exists()
    assert credentials(article)  # five other contexts use it
    article.ensure("autosave", "enable")


def test_the_credential_goes_with_the_last_context(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        for name in (
            "Contoso Prod",
            "Contoso Test",
            "Fabrikam Dev",
            "Fabrikam Prod",
            "Fabrikam Test",
        ):
            do(sh, "remove", name)
        assert credentials(article)
        do(sh, "autosave", "disable")
        sh.finish()
    assert article.names() == set()
    assert not credentials(article)


def test_two_sessions_of_one_account(article: Article) -> None:
    with article.session() as first, article.session() as second:
        do(first, *LOGIN)
        do(second, "use", "Fabrikam Dev")
        do(first, "autosave", "disable")
        do(second, "autosave", "disable")
        kill(first)
        assert "Contoso Dev" not in article.names()
        assert "Fabrikam Dev" in article.names()
        assert do(second, "token").startswith("ey")  # still signed in, of the same credential
        second.finish()
    assert "Fabrikam Dev" not in article.names()
    assert credentials(article)


def test_a_killed_one_waits_for_who_has_the_same_context(article: Article) -> None:
    with article.session() as first, article.session() as second:
        do(first, *LOGIN)
        do(second, "use", "Contoso Dev")
        do(first, "autosave", "disable")
        kill(first)
        assert "Contoso Dev" in article.names()
        assert do(second, "token").startswith("ey")
        kill(second)
    assert "Contoso Dev" not in article.names()


def test_who_goes_elsewhere_no_longer_has_it(article: Article) -> None:
    with article.session() as first, article.session() as second:
        do(first, *LOGIN)
        do(second, "use", "Contoso Dev")
        do(first, "autosave", "disable")
        do(second, "use", "Fabrikam Dev")
        first.finish()
        assert "Contoso Dev" not in article.names()
        assert "Fabrikam Dev" in article.names()


def test_enable_takes_the_word_back(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        do(sh, "autosave", "disable")
        do(sh, "autosave", "enable")
        sh.finish()
    assert "Contoso Dev" in article.names()


def test_what_is_kept_and_what_is_removed_at_once(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        assert "is removed" not in do(sh, "autosave", "disable", "--keep")
        sh.finish()
    assert "Contoso Dev" in article.names()
    with article.session() as sh:
        do(sh, "use", "Contoso Dev")
        assert "is removed" in do(sh, "autosave", "disable", "--purge")
        assert "Contoso Dev" not in article.names()
        assert sh.active()["AZENV_BLOCKED"] == "the context is gone"


def test_of_this_session_alone_nothing_stored_is_removed(article: Article, shell: Shell) -> None:
    with article.session(shell) as sh:
        do(sh, *LOGIN)
        do(sh, "autosave", "disable", "--scope", "process")
        kill(sh)
    assert "Contoso Dev" in article.names()


def test_a_killed_session_leaves_no_sign_in_of_its_own(article: Article, shell: Shell) -> None:
    with article.session(shell) as sh:
        do(sh, *LOGIN, "--scope", "process")
        overlay = overlay_of(sh)
        kill(sh)
    assert article.names() == set()
    assert not os.path.exists(overlay)  # noqa: PTH110
    assert not list((article.world.root / "session").iterdir())


def test_a_refresh_in_flight_loses(article: Article, running: Sandbox) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        for name in OTHERS:
            do(sh, "remove", name)
        context_id = sh.env()["AZENV_CONTEXT_ID"]
        do(sh, "autosave", "disable")
        running.cloud.faults.add(Fault("throttled", "token", times=1, retry_after=3))
        words = ("token", "--context", context_id, "-r", "https://x.test")
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(article.world.program(*words, env=article.environ))
        )
        asking.start()
        wait_for_taken(running)
        kill(sh)
        article.ensure("list")  # which removes the context, and with it the credential
        asking.join()
    assert answers[0].status != 0
    assert answers[0].out == ""
    assert not credentials(article)


def test_what_az_itself_holds_stays_and_is_named(article: Article) -> None:
    """A context of az's own sign-in: azenv removes what is its own."""
    article.ensure("import", "az")
    (name, *_) = article.names()
    with article.session() as sh:
        do(sh, "use", name)
        overlay = overlay_of(sh)
        do(sh, "autosave", "disable")
        sh.finish()
    assert name not in article.names()
    assert not os.path.exists(overlay)  # noqa: PTH110
    assert (article.world.base / "azureProfile.json").exists()
    article.ensure("import", "az", "--scope", "user")
    assert name in article.names()


def test_who_signed_in_by_az_in_an_overlay_signs_out(article: Article, running: Sandbox) -> None:
    require_tool("az")
    one = next(iter(running.cloud.population.applications.values()))
    with article.session() as sh:
        do(sh, *LOGIN)
        words = f"-u {one.client_id} --tenant {one.tenant} -p {one.secrets[0]}"
        # by its own name: no hook of ours sees it
        az = shutil.which("az")
        sh.do(f"{az} login --service-principal {words} >/dev/null")
        overlay = overlay_of(sh)
        said = do(sh, "logout", one.client_id)
        assert f"signed out: {one.client_id}" in said
        for name in ("service_principal_entries.json", "azureProfile.json"):
            path = os.path.join(overlay, name)  # noqa: PTH118
            if os.path.exists(path):  # noqa: PTH110
                with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123
                    assert one.client_id not in file.read()
        assert do(sh, "token").startswith("ey")  # Ada stays
    assert "nobody called" in article.world.program("logout", one.client_id).err
    assert ADA in article.ensure("list")
