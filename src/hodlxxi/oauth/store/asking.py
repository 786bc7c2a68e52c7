"""Interactions (requests that wait for their user) and remembered consents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, insert_new, rows_changed
from hodlxxi.oauth.rules.consent import Consent
from hodlxxi.oauth.store.pushed import spend_pushed
from hodlxxi.oauth.tables import oauth_consents, oauth_interactions

_p = sa.bindparam
_i, _c = oauth_interactions.c, oauth_consents.c


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request that waits. ``params`` are as they were sent; they are judged again at every step."""

    digest: str
    client_id: str
    params: Mapping[str, Sequence[str]]
    browser: str | None
    session_id: str | None
    created_at: datetime
    expires_at: datetime
    is_denied: bool = False
    is_used: bool = False
    pushed: str | None = None  # the digest of the pushed request that it began with


_ADD = sa.insert(oauth_interactions).inline()
_FIND = sa.select(
    _i.interaction,
    _i.client_id,
    _i.params,
    _i.browser,
    _i.session_id,
    _i.created_at,
    _i.expires_at,
    _i.denied_at,
    _i.used_at,
    _i.pushed,
).where(_i.interaction == _p("digest"))
_BIND = (
    sa.update(oauth_interactions)
    .where(_i.interaction == _p("digest"), _i.browser.is_(None))
    .values(browser=_p("of"), session_id=_p("session"))
)
_SPEND = (
    sa.update(oauth_interactions)
    .where(_i.interaction == _p("digest"), _i.used_at.is_(None))
    .values(used_at=_p("now"))
)
_DENY = (
    sa.update(oauth_interactions)
    .where(_i.interaction == _p("digest"), _i.used_at.is_(None))
    .values(denied_at=_p("now"))
)
_FIND_CONSENT = sa.select(_c.scope, _c.claims, _c.declined, _c.resources).where(
    _c.user_id == _p("user"), _c.client_id == _p("client")
)
_HOLD_CONSENT = (
    sa.select(_c.client_id)
    .where(_c.user_id == _p("user"), _c.client_id == _p("client"))
    .with_for_update(read=True)
)
_ADD_CONSENT = insert_new(oauth_consents).values(
    user_id=_p("user"),
    client_id=_p("client"),
    scope=_p("scope"),
    claims=_p("claims"),
    declined=_p("declined"),
    resources=_p("resources"),
    created_at=_p("now"),
    updated_at=_p("now"),
)
_CHANGE_CONSENT = (
    sa.update(oauth_consents)
    .where(_c.user_id == _p("user_"), _c.client_id == _p("client_"))
    .values(
        scope=_p("scope"),
        claims=_p("claims"),
        declined=_p("declined"),
        resources=_p("resources"),
        updated_at=_p("now"),
    )
)


async def add_interaction(tx: Tx, interaction: Interaction) -> None:
    """Keep a request that has to wait for its user."""
    await tx.execute(
        _ADD,
        {
            "interaction": interaction.digest,
            "client_id": interaction.client_id,
            "params": {name: list(values) for name, values in interaction.params.items()},
            "browser": interaction.browser,
            "session_id": interaction.session_id,
            "created_at": interaction.created_at,
            "expires_at": interaction.expires_at,
            "pushed": interaction.pushed,
        },
    )


async def find_interaction(tx: Tx, digest: str) -> Interaction | None:
    """The interaction, waiting or not."""
    row = (await tx.execute(_FIND, {"digest": digest})).one_or_none()
    if row is None:
        return None
    found, client_id, params, browser, session_id, created_at, expires_at, denied_at, used_at, pushed = row
    return Interaction(
        found, client_id, params, browser, session_id, created_at, expires_at,
        denied_at is not None, used_at is not None, pushed,
    )  # fmt: skip


async def bind_interaction(tx: Tx, digest: str, browser: str, session_id: str | None) -> bool:
    """Give an interaction that came from another site's POST to the first browser that shows it; whether we did."""
    params = {"digest": digest, "of": browser, "session": session_id}
    return rows_changed(await tx.execute(_BIND, params)) == 1


async def spend_interaction(tx: Tx, interaction: Interaction, now: datetime) -> bool:
    """The gate: whether we, and nobody before us, answered this request.

    Several interactions may have begun with one pushed request: that one is answered once too (lock order: interaction,
    then pushed request).
    """
    spent = rows_changed(await tx.execute(_SPEND, {"digest": interaction.digest, "now": now})) == 1
    return spent and (interaction.pushed is None or await spend_pushed(tx, interaction.pushed, now))


async def deny_interaction(tx: Tx, digest: str, now: datetime) -> bool:
    """Note that the user does not want this; the answer follows when the browser comes back for it."""
    return rows_changed(await tx.execute(_DENY, {"digest": digest, "now": now})) == 1


async def find_consent(tx: Tx, user_id: str, client_id: str) -> Consent | None:
    """What this user allowed this client before."""
    row = (await tx.execute(_FIND_CONSENT, {"user": user_id, "client": client_id})).one_or_none()
    if row is None:
        return None
    declined = frozenset((row.declined or "").split())
    return Consent(
        frozenset(row.scope.split()), frozenset(row.claims), declined, frozenset(row.resources or ())
    )


async def hold_consent(tx: Tx, user_id: str, client_id: str) -> bool:
    """Whether there is a consent; if so, its end waits for the end of this transaction (and sees what it wrote)."""
    held = await tx.execute(_HOLD_CONSENT, {"user": user_id, "client": client_id})
    return held.one_or_none() is not None


async def keep_consent(tx: Tx, user_id: str, client_id: str, consent: Consent, now: datetime) -> None:
    """Remember what a user allowed, in place of what was remembered."""
    values = {
        "scope": " ".join(sorted(consent.scopes)),
        "claims": sorted(consent.claims),
        "declined": " ".join(sorted(consent.declined)) or None,
        "resources": sorted(consent.resources) or None,
        "now": now,
    }
    added = await tx.execute(_ADD_CONSENT, {"user": user_id, "client": client_id} | values)
    if rows_changed(added) == 0:
        await tx.execute(_CHANGE_CONSENT, {"user_": user_id, "client_": client_id} | values)
