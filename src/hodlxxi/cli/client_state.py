"""``hodlxxi client approve``, ``disable``, ``enable``, ``profile``, ``resources`` …: what you decide about an app."""

from __future__ import annotations

from typing import Annotated

import typer

from hodlxxi.app import App
from hodlxxi.cli.client_options import AsJson, ClientId
from hodlxxi.cli.client_shown import print_json, render_client
from hodlxxi.cli.terminal import done, fail, work
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.oauth import operator
from hodlxxi.oauth.rules.clients import Client, Profile, Trust
from hodlxxi.oauth.store.limits import set_limit


def add_commands(app: typer.Typer) -> None:
    """Put these commands beside the others."""
    app.command("approve")(approve)
    app.command("disable")(disable)
    app.command("enable")(enable)
    app.command("profile")(profile)
    app.command("serve-resource")(serve_resource)
    app.command("resources")(resources)
    # "-1" is a number here, no option.
    app.command("limit", context_settings={"ignore_unknown_options": True})(limit)


def approve(
    client_id: ClientId,
    take_back: Annotated[bool, typer.Option("--take-back", help="Vouch for it no longer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Vouch for an app: people see "approved by this server" instead of "not verified"."""
    trust = Trust.SELF_REGISTERED if take_back else Trust.OPERATOR
    client = work(lambda server: operator.set_trust(server.oauth, client_id, trust))
    _say(client, f"{client_id} is {'no longer ' if take_back else ''}approved", as_json)


def disable(client_id: ClientId, as_json: AsJson = False) -> None:
    """Refuse an app and all its tokens until you enable it again."""
    client = work(lambda server: operator.pause(server.oauth, client_id))
    _say(client, f"{client_id} is disabled; it and its tokens are refused. `enable` lets it go on", as_json)


def enable(client_id: ClientId, as_json: AsJson = False) -> None:
    """Let a disabled app go on as it is; after `remove`, its secret and its tokens stay gone."""
    client = work(lambda server: operator.resume(server.oauth, client_id))
    lost = client.has_secret and client.secret_digest is None
    hint = "; its secret was erased: hodlxxi client rotate-secret makes a new one" if lost else ""
    _say(client, f"{client_id} goes on{hint}", as_json)


def profile(
    client_id: ClientId,
    name: Annotated[
        Profile, typer.Argument(help="fapi2: FAPI 2.0 Security Profile (PAR, DPoP, its own key).")
    ],
    as_json: AsJson = False,
) -> None:
    """Hold an app to a profile."""
    client = work(lambda server: operator.set_profile(server.oauth, client_id, name))
    _say(client, f"{client_id} is held to the profile {name.value}", as_json)


def serve_resource(
    client_id: ClientId,
    uri: Annotated[str, typer.Argument(help="The API that it serves, as named in OAUTH_RESOURCES.")],
    drop: Annotated[bool, typer.Option("--drop", help="It serves it no longer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let an app introspect the tokens for an API, as that API's server."""
    client = work(lambda server: operator.serve_resource(server.oauth, client_id, uri, drop=drop))
    _say(client, f"{client_id} serves {' '.join(client.serves) or 'nothing'}", as_json)


def resources(
    client_id: ClientId,
    uris: Annotated[list[str] | None, typer.Argument(help="The APIs that it may ask tokens for.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every API of this server.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name the APIs that an app may ask tokens for (RFC 8707)."""
    if bool(uris) == everything:
        raise fail("Name the APIs, or say --all.")
    allowed = None if everything else tuple(dict.fromkeys(uris or ()))
    client = work(lambda server: operator.allow_resources(server.oauth, client_id, allowed))
    shown = "every API" if client.resources is None else " ".join(client.resources)
    _say(client, f"{client_id} may ask tokens for {shown}", as_json)


def limit(
    client_id: ClientId,
    bucket: Annotated[str, typer.Argument(help="'call' (API calls) or 'token' (token requests).")],
    count: Annotated[int, typer.Argument(help="How many in the window; -1 takes the exception back.")],
    window_s: Annotated[int, typer.Option("--window", min=1, help="Seconds.")] = 3600,
    as_json: AsJson = False,
) -> None:
    """Make an exception from the rate limits for one app; in force within a minute."""
    if bucket not in ("call", "token"):
        raise fail("The bucket is 'call' or 'token'.")
    wanted = Limit(count, window_s) if count >= 0 else None

    async def set_for(server: App) -> None:
        await operator.get_client(server.oauth, client_id)
        async with server.db.begin() as tx:
            await set_limit(tx, client_id, bucket, wanted)

    work(set_for)
    if as_json:
        members = {"client_id": client_id, "bucket": bucket}
        print_json(members | {"count": count if wanted else None, "window_s": window_s if wanted else None})
        return
    done(f"{client_id}: {bucket} " + (f"{count} in {window_s} s" if wanted else "as usual"))


def _say(client: Client, text: str, as_json: bool) -> None:
    if as_json:
        print_json(render_client(client))
    else:
        done(text)
