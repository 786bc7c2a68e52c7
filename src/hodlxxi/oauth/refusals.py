"""What the operator's log says of a refusal whose public text must not tell strangers what exactly was wrong.

Never a secret, and no client id that is none: whoever mixes the two up sends us a secret for an id.
"""

from __future__ import annotations

import re

import structlog

from hodlxxi.oauth.rules.authorization import NotRegistered
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.redirects import nearest

log = structlog.get_logger("oauth")

MAX_LOGGED_CHARS = 300
MAX_LOGGED_URIS = 5
_CLIENT_ID = re.compile(r"app_[A-Za-z0-9_-]{22}")


def log_client_refused(client_id: str | None, fault: Fault) -> None:
    """A client that did not prove itself: unknown, disabled, wrong secret, wrong method, wrong key."""
    if fault.word is Word.INVALID_CLIENT:
        log.warning("client_refused", client_id=_shown(client_id), cause=fault.cause or fault.text)


def log_destination_refused(client_id: str, fault: Fault) -> None:
    """An authorization request that leads nowhere: the received redirect URI beside the registered ones."""
    if not isinstance(fault, NotRegistered):
        log.warning("authorization_refused", client_id=_shown(client_id), cause=fault.cause or fault.text)
        return
    registered = fault.client.metadata.redirect_uris if fault.client else ()
    log.warning(
        "redirect_uri_refused",
        client_id=_shown(client_id),
        received=(fault.received or "")[:MAX_LOGGED_CHARS],
        registered=[
            uri[:MAX_LOGGED_CHARS] for uri in nearest(registered, fault.received or "", MAX_LOGGED_URIS)
        ],
        registered_count=len(registered),
    )


def _shown(client_id: str | None) -> str | None:
    if client_id is None or _CLIENT_ID.fullmatch(client_id):
        return client_id
    return "(not a client id of ours)"
