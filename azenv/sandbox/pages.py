"""The pages people see: plain HTML forms that work without a script, and look like azenv's."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from azenv.sandbox.web import Response, as_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;
place-items:center;background:Canvas;color:CanvasText}
main{width:min(24rem,90vw);padding:2rem;border:1px solid GrayText;border-radius:.75rem}
h1{font-size:1.25rem;margin:0 0 1rem}label{display:block;margin:.75rem 0 .25rem}
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem}
button{font:inherit;padding:.5rem 1rem;margin:1.25rem .5rem 0 0}
.error{color:#c00}small{color:GrayText}
"""


def _page(title: str, body: str, status: int = 200) -> Response:
    return as_html(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<main><h1>{escape(title)}</h1>{body}"
        "<p><small>This is azenv's sandbox, not Azure.</small></main></html>",
        status,
    )


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def sign_in(usernames: Iterable[str], hint: str, hidden: Mapping[str, str], error: str) -> Response:
    """Ask for user and password; `usernames` are offered."""
    options = "".join(f'<option value="{escape(name)}">' for name in usernames)
    return _page(
        "Sign in",
        f'<form method="post">{_hidden(hidden)}'
        f'<label for="username">User name</label>'
        f'<input id="username" name="username" list="users" required value="{escape(hint)}"'
        f' autocomplete="off"><datalist id="users">{options}</datalist>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" required>'
        f'{_error(error)}<button name="action" value="sign-in">Sign in</button></form>',
    )


def second_factor(username: str, code: str, hidden: Mapping[str, str], error: str) -> Response:
    """Ask for the code of a telephone that does not exist."""
    return _page(
        "Prove that it is you",
        f"<p>{escape(username)}, your telephone shows <b>{escape(code)}</b>.</p>"
        f'<form method="post">{_hidden(hidden)}<label for="otc">Code</label>'
        f'<input id="otc" name="otc" inputmode="numeric" required autocomplete="off">'
        f'{_error(error)}<button name="action" value="verify">Verify</button></form>',
    )


def consent(application: str, hidden: Mapping[str, str]) -> Response:
    """Ask whether the application may act for the user."""
    return _page(
        "Permissions requested",
        f"<p>{escape(application)} wants to reach Azure as you.</p>"
        f'<form method="post">{_hidden(hidden)}'
        '<button name="action" value="accept">Accept</button>'
        '<button name="action" value="decline">Decline</button></form>',
    )


def device_code(code: str, error: str) -> Response:
    """Ask for the code that a device shows."""
    return _page(
        "Enter code",
        '<form method="get"><label for="user_code">The code your device shows</label>'
        f'<input id="user_code" name="user_code" required value="{escape(code)}"'
        f' autocomplete="off">{_error(error)}<button>Next</button></form>',
    )


def message(title: str, text: str, status: int = 200) -> Response:
    """Tell something that needs no answer."""
    return _page(title, f"<p>{escape(text)}</p>", status)


def form_post(target: str, fields: Mapping[str, str]) -> Response:
    """Let the browser post `fields` to the client, by itself where it runs scripts."""
    return _page(
        "Signing in",
        f'<form method="post" action="{escape(target)}">{_hidden(fields)}'
        "<button>Continue</button></form><script>document.forms[0].submit()</script>",
    )


def _error(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>' if text else ""
