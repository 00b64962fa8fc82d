"""Find and repair what is broken."""

from __future__ import annotations

import click

from azenv import integration, output
from azenv.activation import health, litter
from azenv.activation.health import FAIL, OK, WARN, Finding
from azenv.commands import surroundings
from azenv.commands.parameters import output_option
from azenv.core import errors
from azenv.core.errors import AzenvError
from azenv.output import say
from azenv.store import contexts
from azenv.store.vault import user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from azenv.app import App

REPAIRED = "repaired"


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Repair what can be repaired.")
@click.option("--rotate-key", is_flag=True, help="Seal the tokens with a new key, then check.")
@output_option
@click.pass_obj
def doctor_command(app: App, /, *, repair: bool, rotate_key: bool) -> int:
    """Check azenv's files, az's profile, the hook and what surrounds them; 1 if one fails."""
    if rotate_key:
        vault = user_vault(app.paths)
        vault.rotate()
        say(vault.notice() or "no tokens are kept, so there is no key")
    results = list(examine(app, repair=repair))
    write(app, results)
    return errors.FAILURE if any(level == FAIL for level, _ in results) else errors.OK


def examine(app: App, *, repair: bool) -> Iterator[tuple[str, Finding]]:
    """Yield each finding with its level, or `repaired`; later checks see what was repaired."""
    place = app.place
    yield from _repaired(health.directories(place), repair=repair)
    yield from _repaired(health.stores(place), repair=repair)
    yield from _repaired(surroundings.tokens(app), repair=repair)
    yield from _repaired(health.az_profile(place), repair=repair)
    yield from _repaired(litter.leftovers(place), repair=repair)
    try:
        book = contexts.load(app.paths.store)  # not as a session sees it
    except AzenvError:
        pass  # told already, and not repaired: the rest would guess
    else:
        yield from _repaired(health.record_files(place, book), repair=repair)
        yield from _repaired(litter.runtime(place, book), repair=repair)
        yield from _repaired(surroundings.environment(app), repair=repair)
    if repair:
        for path in integration.renew(app.paths):
            yield REPAIRED, Finding(WARN, "hook", f"written by an older azenv: {path}")
    yield from _repaired(surroundings.hook(app), repair=repair)


def _repaired(found: Iterable[Finding], *, repair: bool) -> Iterator[tuple[str, Finding]]:
    for finding in found:
        if not repair or finding.repair is None:
            yield finding.level, finding
            continue
        try:
            finding.repair()
        except (AzenvError, OSError) as error:
            yield FAIL, Finding(FAIL, finding.check, f"{finding.text}; {error}", finding.hint)
        else:
            yield REPAIRED, finding


def write(app: App, results: list[tuple[str, Finding]]) -> None:
    """Print a line a finding; the hint belongs to what is still wrong."""
    if app.output == "json":
        findings = [
            {
                "level": finding.level,
                "check": finding.check,
                "message": finding.text,
                "hint": finding.hint or None,
                "repaired": level == REPAIRED,
            }
            for level, finding in results
        ]
        healthy = all(level != FAIL for level, _ in results)
        output.write_json("doctor", {"healthy": healthy, "findings": findings})
    elif app.output == "tsv":
        output.write_tsv((level, f.check, f.text, f.hint) for level, f in results)
    else:
        output.write_lines(_lines(results))


def _lines(results: list[tuple[str, Finding]]) -> Iterator[str]:
    for level, finding in results:
        yield f"{level:<8}  {finding.check:<9}  {finding.text}"
        if finding.hint and level not in (OK, REPAIRED):
            yield f"{'':<8}  {'':<9}  hint: {finding.hint}"
