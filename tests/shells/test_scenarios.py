"""What azenv does to a shell, the same in each of them."""

from __future__ import annotations

from tests.shells.harness import Session, World


def test_enter_switch_leave(world: World, sh: Session) -> None:
    a, b = world.directory("a"), world.directory("b")
    deep = world.directory("a/1/2/3")
    world.pin(a, "dev")
    world.pin(b, "prod")
    start = sh.env()
    sh.go(deep)
    first = sh.table()
    assert first["AZENV_CONTEXT"] == "dev"
    assert first["AZURE_CONFIG_DIR"] == world.overlay(world.id("dev"))
    sh.go(b)
    assert sh.table()["AZENV_CONTEXT"] == "prod"
    sh.go(a)
    assert sh.table() == first
    sh.go(world.outside)
    assert sh.env() == start
    assert len(sh.lines()) == 4
