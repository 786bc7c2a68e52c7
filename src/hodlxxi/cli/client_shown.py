"""How apps are shown: as one JSON object for scripts, as a few lines for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rich.table import Column, Table

from hodlxxi.cli.terminal import console
from hodlxxi.kit.clock import render_time
from hodlxxi.oauth.rules.clients import Client, render_metadata
from hodlxxi.oauth.store.owned import UsedClient

SHOWN_ONCE = "The secret is shown this once; only its digest is kept."


def print_json(content: object) -> None:
    """One JSON document on standard output, plain when it goes to a file or another program."""
    console.print_json(json.dumps(content))


def render_used(used: UsedClient) -> dict[str, object]:
    """Everything about an app but its secrets."""
    return (
        render_client(used.client)
        | {"last_used_at": render_time(used.last_used_at) if used.last_used_at else None}
        | {"grants_alive": used.grants}
    )


def render_client(client: Client) -> dict[str, object]:
    """The registered metadata, and what the operator decided."""
    return render_metadata(client) | {
        "trust": client.trust.value,
        "profile": client.profile.value,
        "pkce_policy": client.pkce_policy.value if client.pkce_policy else None,
        "resources": "all" if client.resources is None else list(client.resources),
        "serves": list(client.serves),
        "owner": client.owner_id,
        "created_at": render_time(client.created_at),
        "disabled_at": render_time(client.disabled_at) if client.disabled_at else None,
        "has_secret": client.secret_digest is not None,
    }


def print_members(members: Mapping[str, object]) -> None:
    """One line each, for people; what is empty is left out."""
    shown = {name: _text(value) for name, value in members.items() if value not in (None, "", [], False)}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        console.print(f"  {name:{width}}  {text}", markup=False)


def print_table(clients: Sequence[Client]) -> None:
    """The apps below one another."""
    table = Table(Column("client_id", no_wrap=True, min_width=26), "name", "trust", "redirect URIs", box=None)
    for client in clients:
        state = " [red](disabled)[/]" if client.disabled_at else ""
        trust = "approved" if not client.is_self_registered else "self-registered"
        uris = "\n".join(client.metadata.redirect_uris)
        table.add_row(client.client_id + state, _plain(client.metadata.name), trust, _plain(uris))
    console.print(table)


def _plain(text: str) -> str:
    """A text of somebody else's in a table: its brackets are no colours."""
    return text.replace("[", "\\[")


def _text(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return value if isinstance(value, str) else json.dumps(value)
