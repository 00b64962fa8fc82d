"""What an installed azenv holds: the wheel is built and put into an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

pytestmark = [pytest.mark.slow]


def run(*words: object, cwd: Path, **env: str) -> str:
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "AZENV_HOME": str(cwd / "azenv"), **env}
    done = subprocess.run(
        [*map(str, words)], env=environ, cwd=cwd, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the wheel, and the dependencies of this one."""
    top = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", top, cwd=REPOSITORY)
    run(sys.executable, "-m", "venv", top / "venv", cwd=top)
    python = top / "venv" / "bin" / "python"
    (wheel,) = top.glob("*.whl")
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel, cwd=top)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=top)
    Path(site.strip(), "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return top / "venv"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_an_installed_azenv_prints_its_own_shell_files(
    prefix: Path, tmp_path: Path, shell: str
) -> None:
    text = run(prefix / "bin" / "azenv", "init", shell, cwd=tmp_path)
    assert str(prefix) in text
    assert str(REPOSITORY) not in text
    extension = {"powershell": "ps1"}.get(shell, shell)
    assert (REPOSITORY / "shell" / f"azenv.{extension}").read_text() in text


def test_completions_lie_where_shells_look(prefix: Path) -> None:
    ours = REPOSITORY / "completions"
    for name, place in (
        ("azenv.bash", "share/bash-completion/completions/azenv"),
        ("_azenv", "share/zsh/site-functions/_azenv"),
        ("azenv.fish", "share/fish/vendor_completions.d/azenv.fish"),
    ):
        assert (prefix / place).read_text() == (ours / name).read_text()


def test_the_launcher_runs_isolated(prefix: Path, tmp_path: Path) -> None:
    """Nothing of the working directory is imported, whatever PYTHONPATH says."""
    for name in ("json.py", "click.py", "azenv.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from an untrusted directory')\n")
    (launcher,) = prefix.glob("lib/python*/site-packages/azenv/launcher.py")
    python = prefix / "bin" / "python"
    text = run(python, "-I", launcher, "list", cwd=tmp_path, PYTHONPATH=":/x")
    assert text == ""
