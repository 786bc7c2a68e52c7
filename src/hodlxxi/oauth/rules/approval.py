"""What an operator's approval covers: the app that was looked at, and not whatever it turns into afterwards."""

from __future__ import annotations

from hodlxxi.oauth.rules.clients import PUBLIC, Metadata


def keeps_approval(approved: Metadata, changed: Metadata, harmless: str) -> bool:
    """Whether who approved the one has in effect approved the other. ``harmless`` is a redirect URI of this server itself.

    An app that could rename itself and lead elsewhere afterwards would carry the badge "approved" to anybody's name and
    address. So nothing may be new that people are shown, that leads them somewhere, or that opens more.
    """
    return (
        changed.name == approved.name
        and set(changed.redirect_uris) <= {*approved.redirect_uris, harmless}
        and set(changed.post_logout_redirect_uris) <= set(approved.post_logout_redirect_uris)
        and set(changed.scopes) <= set(approved.scopes)
        and set(changed.grant_types) <= set(approved.grant_types)
        and (changed.auth_method == approved.auth_method or changed.auth_method != PUBLIC)
        and all(new in (None, old) for new, old in zip(_links(changed), _links(approved), strict=True))
    )


def _links(metadata: Metadata) -> tuple[str | None, ...]:
    return (metadata.client_uri, metadata.logo_uri, metadata.policy_uri, metadata.tos_uri)
