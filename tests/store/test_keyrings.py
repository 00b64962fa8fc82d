"""The keyrings of macOS and Windows, the real ones, on those machines; Linux's is in test_vault."""

from __future__ import annotations

import os
import sys

import pytest

KEY = bytes(range(32))


@pytest.mark.skipif(sys.platform != "darwin", reason="the Keychain is macOS's")
def test_the_keychain_keeps_a_key_and_forgets_it() -> None:
    from azenv.store.keyrings import keychain

    name = f"azenv-test-{os.urandom(8).hex()}"
    assert keychain.load(name) is None
    keychain.store(name, KEY)
    try:
        assert keychain.load(name) == KEY
    finally:
        keychain.remove(name)
    assert keychain.load(name) is None
    keychain.remove(name)  # what is gone is gone


@pytest.mark.skipif(sys.platform != "win32", reason="data protection is Windows's")
def test_data_protection_gives_back_what_it_wrapped() -> None:
    from azenv.store.keyrings import UnavailableError, dpapi

    wrapped = dpapi.wrap(KEY)
    assert KEY not in wrapped
    assert dpapi.unwrap(wrapped) == KEY
    with pytest.raises(UnavailableError):
        dpapi.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]))


@pytest.mark.skipif(sys.platform == "win32", reason="there it is")
def test_data_protection_is_absent_elsewhere() -> None:
    from azenv.store.keyrings import UnavailableError, dpapi

    with pytest.raises(UnavailableError, match="not Windows"):
        dpapi.wrap(KEY)
