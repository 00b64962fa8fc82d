"""A local Azure, to try azenv without an account: a shell in it, a tour of it, or it alone."""

from __future__ import annotations

import os
import sys

import click

from azenv import output
from azenv.commands.parameters import output_option
from azenv.core import errors
from azenv.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.sandbox.server import Sandbox


@click.command("sandbox")
@click.option("--serve", is_flag=True, help="Serve until interrupted, or until stdin is closed.")
@click.option("--tour", is_flag=True, help="Show it step by step, without a terminal.")
@click.option(
    "--tenants", type=click.IntRange(1, 500), default=2, help="How many tenants.", show_default=True
)
@click.option(
    "--subscriptions",
    type=click.IntRange(0, 10_000),
    default=3,
    help="How many subscriptions in each tenant.",
    show_default=True,
)
@output_option
@click.pass_obj
def sandbox_command(app: App, *, serve: bool, tour: bool, tenants: int, subscriptions: int) -> int:
    """Try azenv against a local Azure on 127.0.0.1: Entra ID, managed identity, ARM.

    Signs a demo user in below a throw-away home, pins two projects, and opens your shell there;
    everything is gone when it ends.
    """
    if serve and tour:
        raise UsageError("give one of --serve and --tour")
    if not serve and not tour and not app.is_interactive:
        raise UsageError("no shell can be opened here", hint="azenv sandbox --tour, or --serve")
    import signal

    from azenv.sandbox.population import Population  # cryptography
    from azenv.sandbox.server import Sandbox

    # before there is anything to leave behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not serve:  # the projects are in two tenants
        tenants, subscriptions = max(tenants, 2), max(subscriptions, 3)
    population = Population.generate(tenants, subscriptions)
    with Sandbox(population, follow_parent=True) as sandbox:
        if not serve:
            return visit(app, sandbox, is_tour=tour)
        write(app, sandbox)
        sys.stdout.flush()
        wait(sandbox)
    return errors.OK


def visit(app: App, sandbox: Sandbox, *, is_tour: bool) -> int:
    """Make two pinned projects in the sandbox; show them, or open a shell there."""
    from azenv.commands.tour import touring

    with touring(sandbox, app.environ) as tour:
        tour.prepare()
        if is_tour:
            tour.show()
            return errors.OK
        return tour.open_shell(app.environ.get("SHELL") or "bash")


def write(app: App, sandbox: Sandbox) -> None:
    """Print where it is, what must be trusted, and as whom to sign in."""
    user = next(iter(sandbox.cloud.population.users.values()))
    facts = {
        "url": sandbox.url,
        "ca_file": sandbox.ca_file,
        "identity_url": sandbox.identity_url,
        "username": user.username,
        "password": user.password,
    }
    if app.output == "json":
        more = {
            "control_token": sandbox.cloud.control_token,
            "environment": sandbox.environment(app.environ),
        }
        output.write_json("sandbox", facts | more)
    elif app.output == "tsv":
        output.write_tsv(list(facts.items()))
    else:
        output.write_fields(facts)
        output.say("serving; Ctrl-C stops it")


def wait(sandbox: Sandbox) -> None:
    """Return when a piped stdin is closed or the sandbox has stopped by itself.

    Ctrl-C and SIGTERM interrupt. A terminal is not read (in the background that would stop
    the process), and neither is /dev/null, which is closed from the beginning.
    """
    import threading

    stdin = sys.stdin.fileno()
    if not os.isatty(stdin) and not os.path.samestat(os.fstat(stdin), os.stat(os.devnull)):
        threading.Thread(target=_follow, args=(stdin, sandbox), daemon=True).start()
    while not sandbox.stopped.wait(0.5):  # a wait without an end keeps Ctrl-C out on Windows
        pass


def _follow(stdin: int, sandbox: Sandbox) -> None:
    while os.read(stdin, 4096):
        pass
    sandbox.stop()
