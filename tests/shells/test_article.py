"""The article on Azure PowerShell's contexts, a test for each of its sentences, in a real bash.

"Azure PowerShell contexts and persisting sessions", Microsoft's documentation; the numbers are
the order in which it says things. azenv does in every shell what it says of PowerShell.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from tests.shells.article import ADA, LOGIN, article, do, running

if TYPE_CHECKING:
    from tests.shells.article import Article

__all__ = ["article", "running"]  # fixtures


def test_1_contexts_are_saved_for_use_between_sessions(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        assert sh.active()["AZENV_SUBSCRIPTION_NAME"] == "Contoso Dev"
        sh.finish()
    with article.session() as sh:
        assert "Contoso Dev" in do(sh, "list")
        do(sh, "use", "Contoso Dev")
        assert do(sh, "token").startswith("ey")


def test_2_scope_process_is_for_the_current_session_only(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN, "--scope", "process")
        assert sh.active()["AZENV_SUBSCRIPTION_NAME"] == "Contoso Dev"
        assert do(sh, "token").startswith("ey")
        assert article.names() == set()
        sh.finish()
    assert article.names() == set()
    assert not (article.world.base / "azenv" / "tokens.bin").exists()


def test_3_signing_out_removes_what_is_stored_at_once(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        assert f"signed out: {ADA}" in do(sh, "logout")
        assert sh.active()["AZENV_BLOCKED"] == "the context is gone"
    assert article.names() == set()


def test_4_disabling_autosave_removes_it_when_the_session_ends(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        assert "is removed when this session ends" in do(sh, "autosave", "disable")
        assert do(sh, "token").startswith("ey")  # still signed in
        assert "Contoso Dev" in article.names()
        sh.finish()
    assert "Contoso Dev" not in article.names()
    assert "Fabrikam Dev" in article.names()


def test_5_autosave_can_be_enabled_again(article: Article) -> None:
    with article.session() as sh:
        do(sh, "autosave", "disable")
        do(sh, *LOGIN)
        assert article.names() == set()
        do(sh, "autosave", "enable")
        assert "Contoso Dev" in article.names()
        assert sh.active()["AZENV_SUBSCRIPTION_NAME"] == "Contoso Dev"


def test_6_autosave_of_the_running_process_alone(article: Article) -> None:
    with article.session() as sh, article.session() as other:
        do(sh, "autosave", "disable", "--scope", "process")
        do(sh, *LOGIN)
        assert article.names() == set()
        do(other, *LOGIN)
        assert "Contoso Dev" in article.names()


def test_7_it_is_stored_in_the_azure_directory(article: Article) -> None:
    article.ensure(*LOGIN)
    store = article.world.base / "azenv"
    assert store.parent.name == ".azure"
    for name in ("contexts.json", "tokens.bin"):
        assert stat.S_IMODE((store / name).stat().st_mode) == 0o600


def test_8_signing_in_sets_the_default_and_reaches_every_tenant(article: Article) -> None:
    # az has a default in this home, which a sign-in leaves alone unless it is told
    said = article.world.program(*LOGIN, "--default", env=article.environ).err
    assert "is the default of this and future sessions" in said
    assert {"Contoso Dev", "Fabrikam Prod"} <= article.names()


def test_9_a_context_is_added_by_a_name(article: Article) -> None:
    with article.session() as sh:
        do(sh, *LOGIN)
        do(sh, "set", "--subscription", "Contoso Prod", "--name", "subscription2")
        assert sh.active()["AZENV_CONTEXT"].startswith("subscription2")
        assert sh.active()["AZENV_SUBSCRIPTION_NAME"] == "Contoso Prod"


def test_10_without_one_it_gets_a_unique_name(article: Article) -> None:
    article.ensure(*LOGIN)
    names = [row.split("\t")[0] for row in article.ensure("list", "-o", "tsv").splitlines()]
    assert len(set(names)) == len(names) == 6
    assert all(name.endswith(")") for name in names)


def test_11_contexts_are_renamed_and_removed(article: Article) -> None:
    article.ensure(*LOGIN)
    article.ensure("rename", "Contoso Prod", "subscription2")
    assert "subscription2" in article.names()
    article.ensure("remove", "subscription2")
    assert "subscription2" not in article.names()


def test_12_a_user_name_targets_a_principal(article: Article) -> None:
    article.ensure(*LOGIN)
    article.ensure("logout", ADA)
    assert article.names() == set()


def test_13_the_active_context_changes_for_the_session_or_as_the_default(article: Article) -> None:
    article.ensure(*LOGIN)
    with article.session() as sh:
        do(sh, "use", "Fabrikam Dev", "--scope", "Process")
        assert sh.active()["AZENV_SUBSCRIPTION_NAME"] == "Fabrikam Dev"
        do(sh, "use", "Fabrikam Test", "--scope", "CurrentUser")
    assert "Fabrikam Test" in article.ensure("show")


def test_14_a_context_for_one_command(article: Article) -> None:
    article.ensure(*LOGIN)
    with article.session() as sh:
        said = do(sh, "exec", "Fabrikam Prod", "printenv", "AZENV_SUBSCRIPTION_NAME")
        assert "Fabrikam Prod" in said
        assert sh.active() == {}
