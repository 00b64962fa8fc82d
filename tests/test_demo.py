from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_demo_shows_two_directories_and_leaves_nothing(tmp_path: Path) -> None:
    """`make demo` on a machine without az: the variables that az obeys switch."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "AZENV_PYTHON": sys.executable,
        "CI": "true",
    }
    done = subprocess.run(
        ["bash", str(REPOSITORY / "tests" / "demo.sh")],
        env=environ,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert "azenv: shop  Shop Dev · contoso.com · ada@contoso.com  (pin " in done.stdout
    assert "azenv: bank  Bank Prod · fabrikam.com · ada@fabrikam.com  (pin " in done.stdout
    assert "azenv: no context (left the pinned directory)" in done.stdout
    assert "azenv: signed in: ada@contoso.com (2 tenants, 6 subscriptions)" in done.stdout
    assert "Contoso Dev\n" in done.stdout
    assert "Fabrikam Prod\n" in done.stdout
    assert "azenv: signed out: ada@contoso.com" in done.stdout
    assert "error" not in done.stdout
    assert list(tmp_path.iterdir()) == []
