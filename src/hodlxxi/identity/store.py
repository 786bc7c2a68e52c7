"""Every query of the identity room, built once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.rules import Challenge
from hodlxxi.identity.session import Session
from hodlxxi.identity.tables import login_challenges, server_facts, sessions, spent_once, user_keys, users
from hodlxxi.kit.db import Tx, insert_new, rows_changed

_p = sa.bindparam


@dataclass(frozen=True, slots=True)
class User:
    """An account. ``pubkey`` is its identity for ever."""

    pubkey: Pubkey
    created_at: datetime
    last_login: datetime | None
    display_name: str | None
    is_open: bool


# -- challenges

_ADD_CHALLENGE = sa.insert(login_challenges).inline()
_CHALLENGE = sa.select(
    login_challenges.c.challenge_id,
    login_challenges.c.message,
    login_challenges.c.browser,
    login_challenges.c.expires_at,
    login_challenges.c.used_at,
)
_CHALLENGE_BY_ID = _CHALLENGE.where(login_challenges.c.challenge_id == _p("challenge_id"))
_CHALLENGE_BY_NONCE = _CHALLENGE.where(login_challenges.c.nonce == _p("nonce"))
_SPEND_CHALLENGE = (
    sa.update(login_challenges)
    .where(
        login_challenges.c.challenge_id == _p("id_"),
        login_challenges.c.used_at.is_(None),
        login_challenges.c.expires_at > _p("now"),
    )
    .values(used_at=_p("now"))
)


async def add_challenge(tx: Tx, challenge: Challenge, nonce: str, now: datetime) -> None:
    """Keep a text that we issue."""
    await tx.execute(
        _ADD_CHALLENGE,
        {
            "challenge_id": challenge.challenge_id,
            "nonce": nonce,
            "message": challenge.message,
            "browser": challenge.browser,
            "created_at": now,
            "expires_at": challenge.expires_at,
        },
    )


async def find_challenge(tx: Tx, challenge_id: str | None, nonce: str | None) -> Challenge | None:
    """The challenge with this id, else with this nonce."""
    if challenge_id is not None:
        row = (await tx.execute(_CHALLENGE_BY_ID, {"challenge_id": challenge_id})).one_or_none()
    else:
        row = (await tx.execute(_CHALLENGE_BY_NONCE, {"nonce": nonce})).one_or_none()
    if row is None:
        return None
    return Challenge(row.challenge_id, row.message, row.browser, row.expires_at, row.used_at is not None)


async def spend_challenge(tx: Tx, challenge_id: str, now: datetime) -> bool:
    """The gate: whether we, and nobody before us, used this challenge."""
    return rows_changed(await tx.execute(_SPEND_CHALLENGE, {"id_": challenge_id, "now": now})) == 1


_SPEND_ONCE = insert_new(spent_once).values(
    kind=_p("kind"), key_digest=_p("key_digest"), expires_at=_p("expires_at")
)


async def spend_once(tx: Tx, kind: str, key_digest: str, expires_at: datetime) -> bool:
    """The gate for values that others choose: whether this one was not used before."""
    params = {"kind": kind, "key_digest": key_digest, "expires_at": expires_at}
    return rows_changed(await tx.execute(_SPEND_ONCE, params)) == 1


# -- users and keys

_USER = sa.select(
    users.c.pubkey,
    users.c.created_at,
    users.c.last_login,
    users.c.display_name,
    users.c.disabled_at,
    users.c.closed_at,
)
_USER_OF_KEY = _USER.join(user_keys, user_keys.c.user_id == users.c.pubkey).where(
    user_keys.c.key == _p("key")
)
_USER_BY_PUBKEY = _USER.where(users.c.pubkey == _p("pubkey"))
_ADD_USER = insert_new(users).values(pubkey=_p("pubkey"), created_at=_p("now"), last_login=_p("now"))
_ADD_KEY = insert_new(user_keys).values(
    key=_p("key"),
    user_id=_p("user_id"),
    kind=_p("kind"),
    label=_p("label"),
    added_at=_p("now"),
    last_used_at=_p("used_at"),
)
_DROP_USER = sa.delete(users).where(users.c.pubkey == _p("pubkey"))
_TOUCH_USER = sa.update(users).where(users.c.pubkey == _p("pubkey_")).values(last_login=_p("now"))
_TOUCH_KEY = (
    sa.update(user_keys)
    .where(user_keys.c.key == _p("key_"), user_keys.c.user_id == _p("user"))
    .values(last_used_at=_p("now"))
)


def _user(row: sa.Row[*tuple[Any, ...]] | None) -> User | None:
    if row is None:
        return None
    is_open = row.disabled_at is None and row.closed_at is None
    return User(Pubkey(row.pubkey), row.created_at, row.last_login, row.display_name, is_open)


async def find_user_of_key(tx: Tx, key: Pubkey) -> User | None:
    """The account that this key signs in to."""
    return _user((await tx.execute(_USER_OF_KEY, {"key": key})).one_or_none())


async def find_user(tx: Tx, pubkey: Pubkey) -> User | None:
    """The account with this identity."""
    return _user((await tx.execute(_USER_BY_PUBKEY, {"pubkey": pubkey})).one_or_none())


async def add_user(tx: Tx, key: Pubkey, kind: str, now: datetime) -> bool:
    """Open an account for a key that has none; whether we, and nobody at the same time, opened it.

    False also for a key that once was an account's first and was removed from it: it does not come back by itself.
    """
    opened = rows_changed(await tx.execute(_ADD_USER, {"pubkey": key, "now": now})) == 1
    if opened and not await add_key(tx, key, key, kind, now, used_at=now):
        # Another account linked the key at the same moment: one of both, never both.
        await tx.execute(_DROP_USER, {"pubkey": key})
        return False
    return opened


async def add_key(
    tx: Tx,
    user: Pubkey,
    key: Pubkey,
    kind: str,
    now: datetime,
    *,
    label: str | None = None,
    used_at: datetime | None = None,
) -> bool:
    """The gate of a key: whether we, and nobody else, gave it to an account. It waits for others who are just doing so."""
    row = {"key": key, "user_id": user, "kind": kind, "now": now, "label": label, "used_at": used_at}
    return rows_changed(await tx.execute(_ADD_KEY, row)) == 1


async def touch_user(tx: Tx, user: Pubkey, key: Pubkey, now: datetime) -> bool:
    """Note that the user signed in, and with which key; False when the key was removed at the same moment."""
    await tx.execute(_TOUCH_USER, {"pubkey_": user, "now": now})
    touched = await tx.execute(_TOUCH_KEY, {"key_": key, "user": user, "now": now})
    return rows_changed(touched) == 1


# -- sessions

_ADD_SESSION = sa.insert(sessions).inline()
_SESSION = sa.select(
    sessions.c.session_id,
    sessions.c.user_id,
    sessions.c.key,
    sessions.c.auth_time,
    sessions.c.acr,
    sessions.c.amr,
    sessions.c.created_at,
    sessions.c.expires_at,
    sa.func.coalesce(sessions.c.root, sessions.c.session_id).label("root"),
    sessions.c.browser,
)
_LIVE_SESSION = _SESSION.join(users, users.c.pubkey == sessions.c.user_id).where(
    sessions.c.session_id == _p("digest"),
    sessions.c.revoked_at.is_(None),
    sessions.c.expires_at > _p("now"),
    users.c.disabled_at.is_(None),
    users.c.closed_at.is_(None),
)
_KNOWS_BROWSER = (
    sa.select(sessions.c.session_id)
    .where(sessions.c.user_id == _p("user"), sessions.c.browser == _p("browser"))
    .limit(1)
)
_WAS_SIGNED_IN = sa.select(sessions.c.session_id).where(sessions.c.user_id == _p("user")).limit(1)
_TOUCH_SESSION = (
    sa.update(sessions).where(sessions.c.session_id == _p("digest")).values(last_used_at=_p("now"))
)
_HOLD_SESSION = (
    sa.select(sessions.c.session_id)
    .where(
        sessions.c.session_id == _p("digest"),
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > _p("now"),
    )
    .with_for_update(read=True)
)
_these = sa.select(sa.func.coalesce(sessions.c.root, sessions.c.session_id)).where(
    sessions.c.session_id.in_(_p("digests", expanding=True))
)
_LINEAGE = sa.select(sessions.c.session_id).where(
    sa.or_(sessions.c.root.in_(_these), sessions.c.session_id.in_(_these))
)
_REVOKE_SESSION = (
    sa.update(sessions)
    .where(
        sessions.c.session_id == _p("digest"),
        sessions.c.user_id == _p("user"),
        sessions.c.revoked_at.is_(None),
    )
    .values(revoked_at=_p("now"))
)
_REVOKE_OTHERS = (
    sa.update(sessions)
    .where(
        sessions.c.user_id == _p("user"),
        sessions.c.session_id != _p("kept"),
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > _p("now"),
    )
    .values(revoked_at=_p("now"))
    .returning(sessions.c.session_id)
)
_OPEN_SESSIONS = (
    sa.select(
        sessions.c.session_id,
        sessions.c.key,
        sessions.c.created_at,
        sessions.c.last_used_at,
        sessions.c.expires_at,
        sessions.c.ip_address,
        sessions.c.user_agent,
        sessions.c.amr,
    )
    .where(
        sessions.c.user_id == _p("user"), sessions.c.revoked_at.is_(None), sessions.c.expires_at > _p("now")
    )
    .order_by(sessions.c.created_at.desc())
    .limit(200)
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A row of the list of open sessions."""

    digest: str
    key: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None
    amr: tuple[str, ...]


async def add_session(tx: Tx, session: Session, ip_address: str, user_agent: str) -> None:
    """Keep a new session."""
    await tx.execute(
        _ADD_SESSION,
        {
            "session_id": session.digest,
            "user_id": session.user_id,
            "key": session.key,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
            "auth_time": session.auth_time,
            "acr": session.acr,
            "amr": list(session.amr),
            "root": session.root,
            "browser": session.browser,
            "last_used_at": session.created_at,
            "ip_address": ip_address,
            "user_agent": user_agent[:300],
        },
    )


async def find_live_session(tx: Tx, digest: str, now: datetime) -> Session | None:
    """The session, if it is neither over nor revoked and its user's account is open."""
    row = (await tx.execute(_LIVE_SESSION, {"digest": digest, "now": now})).one_or_none()
    if row is None:
        return None
    return Session(
        row.session_id,
        row.user_id,
        row.key,
        row.auth_time,
        row.acr,
        tuple(row.amr),
        row.created_at,
        row.expires_at,
        row.root,
        row.browser,
    )


async def knows_browser(tx: Tx, user: Pubkey, browser: str) -> bool:
    """Whether this user signed in with this browser before (as far back as ended sessions are kept)."""
    return (await tx.execute(_KNOWS_BROWSER, {"user": user, "browser": browser})).one_or_none() is not None


async def was_signed_in(tx: Tx, user: Pubkey) -> bool:
    """Whether this user signed in before, with any browser."""
    return (await tx.execute(_WAS_SIGNED_IN, {"user": user})).one_or_none() is not None


async def hold_session(tx: Tx, digest: str, now: datetime) -> bool:
    """Whether a session is still open; if so, its end waits for the end of this transaction (and sees what it wrote)."""
    return (await tx.execute(_HOLD_SESSION, {"digest": digest, "now": now})).one_or_none() is not None


async def list_lineage(tx: Tx, digests: Iterable[str]) -> list[str]:
    """These sessions and all that they followed, or that followed them, in the same browser."""
    wanted = list(digests)
    return list((await tx.execute(_LINEAGE, {"digests": wanted})).scalars().all()) if wanted else []


async def touch_session(tx: Tx, digest: str, now: datetime) -> None:
    """Note that a session is in use."""
    await tx.execute(_TOUCH_SESSION, {"digest": digest, "now": now})


async def revoke_session(tx: Tx, digest: str, user: Pubkey, now: datetime) -> bool:
    """End one session of this user; whether it was open."""
    return rows_changed(await tx.execute(_REVOKE_SESSION, {"digest": digest, "user": user, "now": now})) == 1


async def revoke_other_sessions(tx: Tx, user: Pubkey, kept: str, now: datetime) -> list[str]:
    """End every open session of this user but one; the digests of those that ended."""
    ended = await tx.execute(_REVOKE_OTHERS, {"user": user, "kept": kept, "now": now})
    return list(ended.scalars().all())


async def list_open_sessions(tx: Tx, user: Pubkey, now: datetime) -> list[OpenSession]:
    """The open sessions of a user, newest first (at most 200)."""
    rows = (await tx.execute(_OPEN_SESSIONS, {"user": user, "now": now})).all()
    return [
        OpenSession(
            r.session_id,
            r.key,
            r.created_at,
            r.last_used_at,
            r.expires_at,
            r.ip_address,
            r.user_agent,
            tuple(r.amr),
        )
        for r in rows
    ]


# -- facts

_FACT = sa.select(server_facts.c.value).where(server_facts.c.name == _p("name"))
_NOTE_FACT = insert_new(server_facts).values(name=_p("name"), value=_p("value"), noted_at=_p("now"))


async def note_fact(tx: Tx, name: str, value: str, now: datetime) -> str:
    """Note a fact at the first start; returns what was noted then."""
    await tx.execute(_NOTE_FACT, {"name": name, "value": value, "now": now})
    return str((await tx.execute(_FACT, {"name": name})).scalar_one())
