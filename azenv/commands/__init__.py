"""The verbs: one, or one and its inverse, a file. `table` says which file has which."""

# Verb -> (module, help's first line). The line stands here so that `azenv --help` imports nothing.
from __future__ import annotations

VERBS = {
    "login": ("login", "Sign in; what can be seen then becomes contexts."),
    "logout": ("logout", "Sign out: tokens, contexts and all that was kept of an account."),
    "autosave": ("autosave", "Keep contexts and tokens beyond the session, or do not."),
    "refresh": ("refresh", "Drop an account's access tokens and get new ones."),
    "use": ("use", "Select a context for this shell, or as the default."),
    "list": ("list", "List the contexts."),
    "show": ("show", "Show the context in force, or the one named."),
    "set": ("set", "Point at another subscription, or change a context's settings."),
    "rename": ("rename", "Give a context another name."),
    "remove": ("remove", "Remove a context."),
    "clear": ("clear", "Remove every context."),
    "import": ("incoming", "Read contexts from az, Azure PowerShell or a file."),
    "save": ("save", "Write contexts to a file, on request with what signs them in."),
    "pin": ("pin", "Give this directory its context."),
    "unpin": ("pin", "Remove this directory's pin."),
    "allow": ("allow", "Trust the pin that governs this directory, as it stands."),
    "deny": ("allow", "Refuse the pin that governs this directory, as it stands."),
    "token": ("token", "Print an access token of the context in force."),
    "tenants": ("tenants", "List the tenants of the accounts known here."),
    "subscriptions": ("tenants", "List the subscriptions of the accounts known here."),
    "cloud": ("cloud", "List, add, change and remove clouds."),
    "exec": ("exec", "Run one command in a context."),
    "env": ("env", "Print a context's variables for a script to evaluate."),
    "why": ("why", "Explain which context is in force here, and why."),
    "status": ("status", "Show what azenv knows and does here."),
    "doctor": ("doctor", "Find and repair what is broken."),
    "init": ("init", "Print or install a shell's integration."),
    "completion": ("completion", "Print a shell's completions."),
    "sandbox": ("sandbox", "Try azenv against a local Azure, no account needed."),
}

ALIASES = {"select": "use", "rm": "remove", "ls": "list", "current": "show"}
