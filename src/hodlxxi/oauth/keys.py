"""The keys that sign: made when they are missing, rotated, sealed at rest, held in memory while we run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.db import Database, Tx
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.secret import Sealer
from hodlxxi.oauth import jws
from hodlxxi.oauth.rules.claims import ID_TOKEN_LIFETIME_S
from hodlxxi.oauth.rules.jose import split_compact
from hodlxxi.oauth.rules.rotation import KeyRecord, KeyState, is_published, judge_keys
from hodlxxi.oauth.store import keys as store
from hodlxxi.oauth.store.keys import SealedKey

RELOAD_AFTER = timedelta(seconds=30)
RELOAD_NOT_BEFORE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Held:
    """What a worker knows of the keys; replaced as a whole. ID tokens are read with every key, as they serve as hints."""

    loaded_at: datetime
    active: dict[str, jws.Signer]
    by_access_header: dict[bytes, jws.Signer]
    by_id_header: dict[bytes, jws.Signer]
    jwks: tuple[dict[str, str], ...]


class KeyRing:
    """The keys of one process. ``prepare`` it before the first request."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        sealer: Sealer,
        algs: tuple[str, ...],
        access_alg: str,
        access_lifetime: timedelta,
        hmac_secret: bytes | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._access_alg = access_alg
        self._token_life = max(access_lifetime, timedelta(seconds=ID_TOKEN_LIFETIME_S))
        # HS256 has no key of ours to tend: ID tokens are keyed with the client's secret, access tokens with JWT_SECRET.
        self._algs = tuple(alg for alg in dict.fromkeys([*algs, access_alg]) if alg != "HS256")
        self._hmac = hmac_secret
        if access_alg == "HS256" and (hmac_secret is None or len(hmac_secret) < 32):
            raise ValueError("JWT_SECRET: HS256 needs a secret of at least 32 bytes")
        self._held: Held | None = None

    async def prepare(self) -> None:
        """Make the keys that are missing, do what is due, and load. Two workers that start together make one key."""
        async with self._db.begin() as tx:
            await self.tend(tx)
        await self._load()

    async def rotate(self, alg: str, *, at_once: bool = False) -> str:
        """Publish a new key for one algorithm; its ``kid``. It signs after a day.

        ``at_once`` is for an incident: it signs now, and the old key is gone, with every token that it signed. Raises
        ``ValueError`` when the algorithm is not in use, or somebody else rotates at this moment.
        """
        if alg not in self._algs:
            raise ValueError(f"{alg} is not in use here; in use: {', '.join(self._algs)}")
        fresh = await self._mint(alg, KeyState.PENDING)
        now = self._clock.now()
        async with self._db.begin() as tx:
            for sealed in await store.list_keys(tx, hold=True):
                old = sealed.record
                if old.alg == alg and (at_once or old.state is KeyState.PENDING):
                    await store.drop_key(tx, old.kid)
            if not await store.add_key(tx, fresh):
                raise ValueError(f"{alg} is being rotated by somebody else; look at the list of keys")
            if at_once:
                await store.activate_key(tx, fresh.record.kid, now)
            details = {"alg": alg, "kid": fresh.record.kid, "at_once": at_once}
            await record(tx, now, Entry(Event.KEY_ROTATED, True, details=details))
        await self._load()
        return fresh.record.kid

    async def list_records(self) -> list[KeyRecord]:
        """Every key without its secret, for the operator."""
        async with self._db.read() as tx:
            return [sealed.record for sealed in await store.list_keys(tx)]

    def shows(self, key: KeyRecord) -> bool:
        """Whether the JWKS shows this key now."""
        return is_published(key, now=self._clock.now(), token_life=self._token_life)

    async def current(self) -> Held:
        """What is known now, at most half a minute old."""
        held = self._held
        now = self._clock.now()
        if held is None:
            return await self._load()
        if now - held.loaded_at > RELOAD_AFTER:
            # Whoever comes meanwhile goes on with what is known, instead of loading too.
            self._held = replace(held, loaded_at=now)
            return await self._load()
        return held

    def access_signer(self, held: Held) -> jws.Signer:
        """The key for access tokens."""
        return held.active[self._access_alg]

    def id_signer(self, held: Held, alg: str) -> jws.Signer:
        """The key for ID tokens in this algorithm, RS256 where the operator has dropped it since."""
        return held.active.get(alg) or held.active["RS256"]

    async def read_access(self, token: str) -> dict[str, object] | None:
        """The payload of an access token that we signed, whatever its age."""
        parts = split_compact(token)
        if parts is None:
            return None
        held = await self.current()
        signer = held.by_access_header.get(parts[0])
        if signer is None and self._may_reload(held):
            # Perhaps another worker rotated just now.
            signer = (await self._load()).by_access_header.get(parts[0])
        return jws.read_verified(signer, parts) if signer else None

    async def read_id_token(self, token: str) -> dict[str, object] | None:
        """The payload of an ID token that we signed, whatever its age."""
        parts = split_compact(token)
        if parts is None:
            return None
        signer = (await self.current()).by_id_header.get(parts[0])
        return jws.read_verified(signer, parts) if signer else None

    def _may_reload(self, held: Held) -> bool:
        return self._clock.now() - held.loaded_at > RELOAD_NOT_BEFORE

    async def tend(self, tx: Tx) -> None:
        """Make, retire and drop what is due, in the caller's transaction; every worker sees it at its next load."""
        now = self._clock.now()
        keys = [sealed.record for sealed in await store.list_keys(tx, hold=True)]
        due = judge_keys(keys, self._algs, now=now, token_life=self._token_life)
        for kid in due.drop:
            await store.drop_key(tx, kid)
        for kid in due.retire:
            await store.retire_key(tx, kid, now)
        for kid in due.activate:
            await store.activate_key(tx, kid, now)
        made = [await self._mint(alg, KeyState.ACTIVE) for alg in due.make_active]
        made += [await self._mint(alg, KeyState.PENDING) for alg in due.make_pending]
        for key in made:
            if await store.add_key(tx, key):
                details = {"alg": key.record.alg, "kid": key.record.kid, "state": key.record.state.value}
                await record(tx, now, Entry(Event.KEY_ROTATED, True, details=details))

    async def _mint(self, alg: str, state: KeyState) -> SealedKey:
        # An RSA key takes a good part of a second: not on the event loop.
        private = await asyncio.to_thread(jws.mint_private_key, alg)
        now = self._clock.now()
        kid = jws.signer_of(private, alg).kid
        sealed = self._sealer.seal(jws.dump_private_key(private))
        return SealedKey(KeyRecord(kid, alg, state, now, now if state is KeyState.ACTIVE else None), sealed)

    async def _load(self) -> Held:
        async with self._db.read() as tx:
            sealed_keys = await store.list_keys(tx)
        known = {s.kid: s for s in self._held.by_id_header.values()} if self._held else {}
        signers: list[tuple[KeyRecord, jws.Signer]] = []
        for sealed in sealed_keys:
            signer = known.get(sealed.record.kid) or self._unseal(sealed)
            signers.append((sealed.record, signer))
        active = {r.alg: s for r, s in signers if r.state is KeyState.ACTIVE}
        if self._hmac is not None and self._access_alg == "HS256":
            active["HS256"] = jws.hmac_signer(self._hmac)
        # One family for access tokens: an operator who changes it ends the tokens of the old one.
        shown = [s for record, s in signers if self.shows(record)]
        for_access = [s for s in shown if s.alg == self._access_alg]
        for_access += [active["HS256"]] if self._access_alg == "HS256" else []
        self._held = Held(
            loaded_at=self._clock.now(),
            active=active,
            by_access_header={s.access_header: s for s in for_access},
            by_id_header={s.id_header: s for _, s in signers},
            jwks=tuple(s.public_jwk for s in shown if s.public_jwk is not None),
        )
        return self._held

    def _unseal(self, sealed: SealedKey) -> jws.Signer:
        raw = self._sealer.unseal(sealed.private_sealed)
        if raw is None:
            raise Unavailable(
                "The signing keys cannot be opened: SECRET_KEY is not the one that sealed them.",
                code="server_error",
            )
        return jws.signer_of(jws.load_private_key(raw), sealed.record.alg)
