"""An overlay made ready for what is started in it: by `exec`, and by `env` for a script."""

from __future__ import annotations

import os

from azenv.activation import freshness
from azenv.core.errors import AzenvError
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App


def prepare(app: App, context_id: str) -> None:
    """Make or refresh the overlay of a context; say what there is to say.

    Raises AzenvError where the context is gone.
    """
    source, cloud = freshness.federation(app.place, context_id)
    if source and not os.path.isabs(source):
        try:
            _renew_assertion(app, source, cloud)
        except AzenvError as error:  # az may still hold a token that is good
            say(f"warning: {error.message}")
            if error.hint:
                say(f"hint: {error.hint}")
    for line in freshness.ensure(app.place, context_id):
        say(line)


def drop_assertions(app: App) -> None:
    """Remove the CI's tokens where nobody signs in by them any more."""
    root = app.place.existing_root
    sources = {credential.federated for credential in app.book.credentials.values()}
    if root and all(map(os.path.isabs, filter(None, sources))):
        import shutil

        shutil.rmtree(os.path.join(root, "federated"), ignore_errors=True)


def _renew_assertion(app: App, source: str, cloud: str) -> None:
    """Put the CI's token where the overlay is made from: it lives for minutes, so each time.

    Raises AzenvError where the CI gives none, as outside of its job.
    """
    from azenv.azure import federation
    from azenv.azure.transport import Transport
    from azenv.interop.stored import assertion_file
    from azenv.store.files import ensure_private_directory, write_private

    with Transport() as http:
        token = federation.assertion(source, app.environ, http, cloud)
    path = assertion_file(app.place.root, source, cloud)
    ensure_private_directory(os.path.dirname(path))
    write_private(path, token.encode(), sync=False)
