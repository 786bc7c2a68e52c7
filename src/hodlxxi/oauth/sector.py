"""The document behind a ``sector_identifier_uri``: does it list every redirect URI? (Core §8.1, Registration §5)"""

from __future__ import annotations

from collections.abc import Mapping

from hodlxxi.kit.reach import NotFetched
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.errors import Fault, OAuthRefusal, Word
from hodlxxi.oauth.rules.registration import Terms, judge_metadata, judge_sector


async def check_sector(room: OAuthRoom, body: Mapping[str, object]) -> None:
    """Fetch and judge it, where metadata that is otherwise right names one. Raises ``OAuthRefusal``.

    A call to somebody's server: made before the transaction, and only for who may register at all.
    """
    if body.get("sector_identifier_uri") is None:
        return
    policy = room.policy
    known = {name: value for name, value in body.items() if name not in ("client_id", "client_secret")}
    metadata = judge_metadata(known, Terms(policy.scopes, policy.id_token_algs))
    if isinstance(metadata, Fault) or metadata.sector_identifier_uri is None:
        return  # refused anyway, with its own reason
    try:
        listed = await room.outgoing.get_json(metadata.sector_identifier_uri)
    except NotFetched as refusal:
        text = f"sector_identifier_uri: {refusal.text}"
        raise OAuthRefusal(Fault(Word.INVALID_CLIENT_METADATA, text)) from None
    fault = judge_sector(metadata.redirect_uris, listed)
    if fault is not None:
        raise OAuthRefusal(fault)
