"""A bundle made and opened from a shell: the passphrase comes by a descriptor of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shells.article import ADA, LOGIN, article, do, running
from tests.shells.harness import SHELLS

if TYPE_CHECKING:
    from tests.shells.article import Article

__all__ = ["article", "running"]  # fixtures


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_descriptor_reaches_azenv(article: Article, name: str) -> None:
    world = article.world
    passphrase, file = world.outside / "passphrase", world.outside / "moved.azenv"
    passphrase.write_text("correct horse battery staple\n")
    by = "--passphrase-fd 3 3<passphrase"
    with article.session(SHELLS[name]) as sh:
        do(sh, *LOGIN)
        assert sh.do(f"azenv save moved.azenv --with-credentials {by}") == 0, sh.err()
        do(sh, "logout", ADA)
        assert article.names() == set()
        assert sh.do(f"azenv import moved.azenv --scope process {by}") == 0, sh.err()
        do(sh, "use", "Fabrikam Dev")
        assert do(sh, "token").startswith("ey")
        assert article.names() == set()  # of this session alone
    assert file.exists()
