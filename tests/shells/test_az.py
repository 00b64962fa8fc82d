"""The real az in shells with the hook: each shell and each directory its own subscription."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import NASTY, Session, World, only_in, require_tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shells.harness import Shell

pytestmark = [pytest.mark.az, pytest.mark.timeout(180)]

# az's token caches: azenv never writes them in the base
CACHES = ("msal_token_cache.json", "service_principal_entries.json")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """az starts no process that uploads: it would outlive az, and write where a test removes."""
    found = World(tmp_path)
    found.env["AZURE_CORE_COLLECT_TELEMETRY"] = "false"
    return found


def az(sh: Session, *words: str) -> str:
    """Run the real az in the session's shell; return what it printed."""
    out = sh.world.top / "az.out"
    call = sh.current.command(require_tool("az"), *words, "-o", "tsv")
    sh.do(sh.current.to_file.format(statement=call, file=sh.current.quote(out)))
    return out.read_text("utf-8").strip()


def subscription(sh: Session) -> str:
    """Return the subscription and the user that az shows."""
    return az(sh, "account", "show", "--query", "join('|', [name, user.name])")


def hashes(base: Path) -> dict[str, str]:
    return {name: hashlib.sha256((base / name).read_bytes()).hexdigest() for name in CACHES}


def profile(sh: Session) -> Path:
    """Return az's profile in the overlay that is in force."""
    from pathlib import Path

    return Path(sh.value("AZURE_CONFIG_DIR")) / "azureProfile.json"


def test_shells_and_directories_have_their_own_subscription(world: World, shell: Shell) -> None:
    """Two shells, three directories, two identities; the base stays as az left it."""
    before = hashes(world.base)
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "robot")
    with Session(world, shell) as one, Session(world, shell) as two:
        one.go(world.directory("a"))
        two.go(world.directory("b"))
        robot = next(row for row in world.rows if row.context == "robot").user
        assert subscription(one) == "Contoso Dev|ada@contoso.com"
        assert subscription(two) == f"Contoso Jobs|{robot}"
        two.go(world.directory("a"))
        two.azenv("use", "guest")
        assert subscription(two) == "Fabrikam Main|ada@contoso.com"
        assert subscription(one) == "Contoso Dev|ada@contoso.com"
        two.azenv("use", "--none")
        assert subscription(two) == ""
        assert az(two, "account", "list") == ""
        one.go(world.outside)
        assert "AZURE_CONFIG_DIR" not in one.active()
    assert hashes(world.base) == before


def test_account_set_is_put_back_and_told(world: World, shell: Shell) -> None:
    """What az changes in an overlay is the overlay's; the next prompt says what to type."""
    world.pin(world.directory("a"), "dev")
    base = (world.base / "azureProfile.json").read_bytes()
    with Session(world, shell) as sh:
        sh.go(world.directory("a"))
        az(sh, "account", "set", "-s", "Contoso Prod")
        assert subscription(sh).startswith("Contoso Prod|")
        sh.lines()
        sh.prompt()
        assert any("azenv" in line and "set" in line for line in sh.lines())
        assert subscription(sh).startswith("Contoso Dev|")
        sh.prompt()
        assert sh.lines() == []
    assert (world.base / "azureProfile.json").read_bytes() == base


def test_an_overlay_that_a_reboot_took_comes_back(world: World, shell: Shell) -> None:
    """The runtime directory is gone; one process makes the overlay again."""
    world.pin(world.directory("a"), NASTY)
    with Session(world, shell) as sh:
        sh.go(world.directory("a"))
        name = subscription(sh)
        shutil.rmtree(world.root)
        sh.prompt(2)
        assert subscription(sh) == name


@only_in("zsh", "powershell")
def test_what_az_learns_in_an_overlay_becomes_a_context(world: World, shell: Shell) -> None:
    """`az account list --refresh` needs the network: its result is written as az writes it."""
    world.pin(world.directory("a"), "dev")
    with Session(world, shell) as sh:
        sh.go(world.directory("a"))
        file = profile(sh)
        top = json.loads(file.read_text("utf-8-sig"))
        new = top["subscriptions"][0] | {
            "id": "77777777-7777-4777-8777-777777777777",
            "name": "Contoso New",
            "isDefault": False,
        }
        top["subscriptions"].append(new)
        file.write_text(json.dumps(top), "utf-8-sig")
        sh.prompt()
        assert any('learnt "Contoso New' in line for line in sh.lines())
        assert world.context("Contoso New").target.tenant == world.context("dev").target.tenant
        assert subscription(sh).startswith("Contoso Dev|")


@only_in("bash")
def test_a_locked_context_shows_one_subscription(world: World, shell: Shell) -> None:
    """az itself refuses what the context does not hold."""
    world.change("prod", locked=True)
    world.pin(world.directory("a"), "prod")
    with Session(world, shell) as sh:
        sh.go(world.directory("a"))
        assert az(sh, "account", "list", "--query", "[].name") == "Contoso Prod"
        assert az(sh, "account", "set", "-s", "Contoso Dev") == ""
        assert subscription(sh).startswith("Contoso Prod|")


@only_in("fish")
def test_with_encryption_in_the_base(world: World, shell: Shell) -> None:
    """az's own encryption has one item for all directories: overlays go without."""
    (world.base / "config").write_text("[core]\nencrypt_token_cache = true\n")
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "guest")
    with Session(world, shell) as sh:
        for directory, name in (("a", "Contoso Dev"), ("b", "Fabrikam Main"), ("a", "Contoso Dev")):
            sh.go(world.directory(directory))
            assert subscription(sh) == f"{name}|ada@contoso.com"
