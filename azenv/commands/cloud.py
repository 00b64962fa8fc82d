"""The clouds: list, add, set, remove. A cloud says which hosts get a user's tokens."""

from __future__ import annotations

import re

import click

from azenv import output
from azenv.activation import scoping
from azenv.commands.parameters import counted, output_option, scope_option
from azenv.core.errors import AzenvError, NotFoundError, UsageError
from azenv.core.names import nearest
from azenv.interop import azclouds
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from azenv.app import App
    from azenv.azure.endpoints import Endpoints
    from azenv.core.model import Context

COLUMNS = ("name", "entra id", "arm", "from")
# az keeps them as sections of an INI file, Azure PowerShell as keys of JSON
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# option of the command line -> az's option
_ENDPOINTS = {
    "authority": "endpoint_active_directory",
    "resource": "endpoint_active_directory_resource_id",
    "portal": "endpoint_portal",
    "graph": "endpoint_microsoft_graph_resource_id",
}


@click.group("cloud")
def cloud_command() -> None:
    """List, add, change and remove clouds beside Azure's own."""


def _endpoint_options(function: Callable[..., Any]) -> Callable[..., Any]:
    helps = {
        "authority": "Where its Entra ID is.",
        "resource": "What the tokens of its ARM are for.",
        "portal": "Its portal.",
        "graph": "What the tokens of its Microsoft Graph are for.",
    }
    for name in reversed(_ENDPOINTS):
        function = click.option(f"--{name}", metavar="URL", help=helps[name])(function)
    return click.option(
        "--arm-endpoint", metavar="URL", help="Its ARM, which is asked for everything else."
    )(function)


@cloud_command.command("list")
@output_option
@click.pass_obj
def list_command(app: App, /) -> None:
    """List the clouds: Azure's own, az's and azenv's."""
    rows, objects = [], []
    for one, source in _all(app):
        rows.append((one["name"], one["authority"], one["resource_manager"], source))
        objects.append({**one, "source": source})
    if app.output == "json":
        output.write_json("clouds", objects)
    elif app.output == "tsv":
        output.write_tsv(rows)
    else:
        output.write_table(COLUMNS, rows)


def _all(app: App) -> list[tuple[dict[str, str], str]]:
    from azenv.azure import endpoints

    found = [(_object(one), "built in") for one in endpoints.BUILT_IN.values()]
    of_az, ours = azclouds.custom(app.paths.base), scoping.effective_clouds(app.place)
    for name in sorted({*of_az, *ours}, key=str.casefold):
        options = of_az.get(name) or ours[name]
        facts = {
            "name": name,
            "authority": options.get(endpoints.AUTHORITY, ""),
            "resource_manager": options.get(endpoints.RESOURCE_MANAGER, ""),
            "resource": options.get(endpoints.RESOURCE, ""),
        }
        found.append((facts, "az" if name in of_az else "azenv"))
    return found


def _object(cloud: Endpoints) -> dict[str, str]:
    return {
        "name": cloud.name,
        "authority": cloud.authority,
        "resource_manager": cloud.resource_manager,
        "resource": cloud.resource,
    }


@cloud_command.command("add")
@click.argument("name")
@_endpoint_options
@scope_option
@click.pass_obj
def add_command(
    app: App, /, name: str, *, arm_endpoint: str | None, scope: str | None, **given: str | None
) -> None:
    """Add a cloud; its ARM says the rest. No token goes from one cloud to another's hosts."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f'"{name}" is no name for a cloud: letters, digits and ._- only, at most 64'
        )
    if not arm_endpoint:
        raise UsageError("where is its ARM?", hint=f"azenv cloud add {name} --arm-endpoint URL")
    _ensure_free(app, name)
    options = _described(name, arm_endpoint, given)
    with app.changing(scope) as change:
        if name in change.clouds:
            raise _taken(name)
        change.clouds[name] = options
    say(f'added the cloud "{name}"')
    say(f"hint: azenv login --cloud {name}")


@cloud_command.command("set")
@click.argument("name")
@_endpoint_options
@scope_option
@click.pass_obj
def set_command(
    app: App, /, name: str, *, arm_endpoint: str | None, scope: str | None, **given: str | None
) -> None:
    """Change a cloud of azenv's own; contexts see it at once."""
    from azenv.azure import endpoints

    name = _own(app, name)
    if not arm_endpoint and not any(given.values()):
        raise UsageError("nothing to change", hint=f"azenv cloud set {name} --arm-endpoint URL")
    fresh = _described(name, arm_endpoint, given) if arm_endpoint else _typed(given)
    with app.changing(scope) as change:
        options = fresh if arm_endpoint else change.clouds[name] | fresh
        endpoints.of_options(name, options)
        change.clouds[name] = options
    say(f'changed the cloud "{name}"')


@cloud_command.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Also where contexts use it.")
@scope_option
@click.pass_obj
def remove_command(app: App, /, name: str, *, force: bool, scope: str | None) -> None:
    """Remove a cloud of azenv's own."""
    name = _own(app, name)
    users = _users(app, name)
    if users and not force:
        raise AzenvError(
            f'{counted(len(users), "context")} of the cloud "{name}" would reach nothing: '
            + ", ".join(f'"{one.name}"' for one in users[:3]),
            hint=f"azenv logout, or: azenv cloud remove {name} --force",
        )
    with app.changing(scope) as change:
        if change.clouds.pop(name, None) is None:
            raise AzenvError(f'the cloud "{name}" is not of this scope', hint="leave --scope out")
    say(f'removed the cloud "{name}"')


def _users(app: App, name: str) -> list[Context]:
    return [c for c in app.book.contexts.values() if c.target.cloud.casefold() == name.casefold()]


def _ensure_free(app: App, name: str) -> None:
    known = (one["name"] for one, _ in _all(app))
    if any(one.casefold() == name.casefold() for one in known):
        raise _taken(name)


def _taken(name: str) -> AzenvError:
    return AzenvError(f'there is a cloud "{name}"', hint=f"azenv cloud set {name} …")


def _own(app: App, name: str) -> str:
    """Return the name of a cloud of azenv's own. Raises AzenvError for others, NotFoundError."""
    sources = {one["name"].casefold(): (one["name"], source) for one, source in _all(app)}
    if name.casefold() not in sources:
        close = nearest(name, (known for known, _ in sources.values()))
        hint = f"did you mean {' or '.join(close)}?" if close else "azenv cloud list"
        raise NotFoundError(f'no cloud "{name}" is known', hint=hint, nearest=close)
    known, source = sources[name.casefold()]
    if source == "built in":
        raise AzenvError(f'"{known}" is Azure\'s own: it stays as it is')
    if source == "az":
        raise AzenvError(f'the cloud "{known}" is az\'s', hint=f"az cloud update --name {known} …")
    return known


def _described(name: str, arm_endpoint: str, given: dict[str, str | None]) -> dict[str, str]:
    """Return az's options: what the ARM says of itself, and what was typed in its place.

    With both addresses typed nobody is asked. Raises AzenvError for what is no cloud.
    """
    from azenv.azure import endpoints

    typed = _typed(given)
    if endpoints.AUTHORITY in typed and endpoints.RESOURCE in typed:
        options = {endpoints.RESOURCE_MANAGER: arm_endpoint} | typed
    else:
        from azenv.azure import metadata
        from azenv.azure.transport import Transport

        with Transport() as http:
            options = metadata.discover(name, arm_endpoint, http) | typed
    endpoints.of_options(name, options)
    return options


def _typed(given: dict[str, str | None]) -> dict[str, str]:
    """Return az's options of what was typed. Raises UsageError for what is no plain text."""
    found = {key: value for key, value in given.items() if value}
    for key, value in found.items():
        if not value.isprintable():
            raise UsageError(f"--{key} is no address: {value!a}")
    return {_ENDPOINTS[key]: value for key, value in found.items()}
