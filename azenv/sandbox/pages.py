"""The pages people see: plain HTML forms that work without a script, and look like azenv's."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from azenv.sandbox.web import Response, as_html

if TYPE_CHECKING:
    from collections.abc import Mapping

STYLE = """
:root{color-scheme:light dark;--accent:light-dark(#0f5ea8,#7cb8f2);--on:light-dark(#fff,#0b1622);
--edge:light-dark(#d5d9de,#3a414a);--soft:light-dark(#5b6570,#a3adb8);--bad:light-dark(#b3261e,#ff9a91)}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;
background:light-dark(#f3f5f7,#15191e);color:light-dark(#1b2026,#eceff2)}
main{width:min(25rem,92vw);padding:2rem;border:1px solid var(--edge);border-radius:.75rem;
background:light-dark(#fff,#1f252c)}
h1{font-size:1.375rem;line-height:1.3;margin:0 0 1rem}
p{margin:.75rem 0;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin:1rem 0 .25rem}
input{width:100%;font:inherit;color:inherit;padding:.5rem .625rem;border:1px solid var(--soft);
border-radius:.375rem;background:transparent}
input:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
button{font:inherit;font-weight:600;padding:.5rem 1.25rem;margin:1.25rem .5rem 0 0;
border-radius:.375rem;border:1px solid var(--accent);background:transparent;color:var(--accent);
cursor:pointer}
button:first-of-type{background:var(--accent);color:var(--on)}
.error{color:var(--bad);margin-bottom:0}
footer{margin-top:1.5rem;padding-top:.75rem;border-top:1px solid var(--edge);
font-size:.875rem;color:var(--soft)}
"""


def _page(title: str, body: str, status: int = 200) -> Response:
    return as_html(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<main><h1>{escape(title)}</h1>{body}"
        "<footer>This is azenv's sandbox on your own machine, not Azure.</footer></main></html>",
        status,
    )


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def sign_in(people: Mapping[str, str], hint: str, error: str) -> Response:
    """Ask for user and password; `people` are offered, and one of them told with the password."""
    options = "".join(f'<option value="{escape(name)}">' for name in people)
    one = hint if hint in people else next(iter(people), "")
    told = f"<p>Try <b>{escape(one)}</b>, password <b>{escape(people.get(one, ''))}</b>.</p>"
    return _page(
        "Sign in",
        f'{told if one else ""}<form method="post"><label for="username">User name</label>'
        f'<input id="username" name="username" list="users" required value="{escape(hint)}"'
        f' autocomplete="off"{_focus(not hint)}><datalist id="users">{options}</datalist>'
        '<label for="password">Password</label>'
        f'<input id="password" name="password" type="password" required{_focus(bool(hint))}>'
        f'{_error(error)}<button name="action" value="sign-in">Sign in</button></form>',
    )


def second_factor(username: str, code: str, hidden: Mapping[str, str], error: str) -> Response:
    """Ask for the code of a telephone that does not exist."""
    return _page(
        "Prove that it is you",
        f"<p>{escape(username)}, your telephone shows <b>{escape(code)}</b>.</p>"
        f'<form method="post">{_hidden(hidden)}<label for="otc">Code</label>'
        f'<input id="otc" name="otc" inputmode="numeric" required autocomplete="off" autofocus>'
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
        f' autocomplete="off" autofocus>{_error(error)}<button>Next</button></form>',
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


def _focus(wanted: bool) -> str:  # noqa: FBT001  the one thing it is told
    return " autofocus" if wanted else ""


def _error(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>' if text else ""
