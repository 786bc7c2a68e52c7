"""The options that say what an app is: the same for `client add` and `client change`, in the words of RFC 7591."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hodlxxi.cli.terminal import fail
from hodlxxi.kit.body import parse_json
from hodlxxi.kit.errors import BadInput
from hodlxxi.oauth.rules.clients import AUTH_METHODS, DEVICE_CODE, GRANT_TYPES

_PUBKEY = re.compile(r"0[23][0-9a-f]{64}")
_SHORT_GRANTS = {"device_code": DEVICE_CODE, "code": "authorization_code"}

_MEMBERS = frozenset(
    {
        "client_name",
        "redirect_uris",
        "scope",
        "grant_types",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "jwks",
        "jwks_uri",
        "application_type",
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "contacts",
        "software_id",
        "software_version",
        "subject_type",
        "sector_identifier_uri",
        "id_token_signed_response_alg",
        "userinfo_signed_response_alg",
        "default_max_age",
        "require_auth_time",
        "default_acr_values",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "backchannel_logout_session_required",
        "dpop_bound_access_tokens",
        "require_pushed_authorization_requests",
    }
)

ClientId = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="As `hodlxxi client list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
Grants = Annotated[
    list[str] | None,
    typer.Option("--grant", help=f"How it gets tokens; repeat: {', '.join(GRANT_TYPES)} (or device_code)."),
]
Method = Annotated[
    str | None, typer.Option("--auth", help=f"How it proves itself: {', '.join(AUTH_METHODS)}.")
]
JwksFile = Annotated[
    Path | None, typer.Option("--jwks-file", help="A file with its public keys (a JWK Set), or with one JWK.")
]
JwksUri = Annotated[str | None, typer.Option("--jwks-uri", help="Where its public keys are.")]
Logouts = Annotated[
    list[str] | None,
    typer.Option("--post-logout-uri", help="Where it takes its users after sign-out; repeat."),
]
Backchannel = Annotated[
    str | None, typer.Option("--backchannel-uri", help="Where its server is told of sign-outs.")
]
BackchannelSid = Annotated[
    bool | None,
    typer.Option("--backchannel-sid/--no-backchannel-sid", help="It needs to be told which session."),
]
Pairwise = Annotated[
    bool | None,
    typer.Option(
        "--pairwise/--no-pairwise", help="A sub of its own for each user, or the pubkey for all apps."
    ),
]
Dpop = Annotated[bool | None, typer.Option("--dpop/--no-dpop", help="Its tokens are always bound to a key.")]
Pushed = Annotated[bool | None, typer.Option("--par/--no-par", help="Its requests always come by PAR.")]
IdTokenAlg = Annotated[
    str | None,
    typer.Option("--id-token-alg", help="RS256, PS256, ES256, EdDSA, HS256: what the server offers."),
]
Others = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="MEMBER=VALUE",
        help="Any other member of RFC 7591 or OpenID Connect Registration, such as logo_uri=https://…, "
        "contacts='[\"a@b.example\"]', default_max_age=3600; an empty value takes it away. Repeat.",
    ),
]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for; None is what was not mentioned."""

    grants: Sequence[str] | None
    method: str | None
    jwks_file: Path | None
    jwks_uri: str | None
    logouts: Sequence[str] | None
    backchannel: str | None
    backchannel_sid: bool | None
    pairwise: bool | None
    dpop: bool | None
    pushed: bool | None
    id_token_alg: str | None
    others: Sequence[str] | None

    def members(self) -> dict[str, object]:
        """The metadata; a member that is to be taken away is None."""
        asked: dict[str, object] = {
            "grant_types": [_SHORT_GRANTS.get(g, g) for g in self.grants] if self.grants else None,
            "token_endpoint_auth_method": self.method,
            "jwks": _read_jwks(self.jwks_file) if self.jwks_file else None,
            "jwks_uri": self.jwks_uri,
            "post_logout_redirect_uris": list(self.logouts) if self.logouts else None,
            "backchannel_logout_uri": self.backchannel,
            "backchannel_logout_session_required": self.backchannel_sid,
            "subject_type": None if self.pairwise is None else "pairwise" if self.pairwise else "public",
            "dpop_bound_access_tokens": self.dpop,
            "require_pushed_authorization_requests": self.pushed,
            "id_token_signed_response_alg": self.id_token_alg,
        }
        members = {name: value for name, value in asked.items() if value is not None}
        # One of the two takes the place of the other.
        if "jwks" in members or "jwks_uri" in members:
            members = {"jwks": None, "jwks_uri": None} | members
        _check_words("--grant", members.get("grant_types"), GRANT_TYPES)
        _check_words("--auth", [self.method] if self.method else None, AUTH_METHODS)
        return members | dict(_parse_member(text) for text in self.others or ())


def check_owner(value: str | None) -> str | None:
    """The account as we write it: a compressed public key in lower-case hex."""
    if value is not None and not _PUBKEY.fullmatch(value):
        raise typer.BadParameter("66 hex digits are needed, as /account shows them")
    return value


def _check_words(option: str, given: object, known: Sequence[str]) -> None:
    for word in given if isinstance(given, list) else ():
        if word not in known:
            raise fail(f"{option} {word}: one of {', '.join(known)}.")


def _read_jwks(path: Path) -> object:
    try:
        found = parse_json(path.read_bytes())
    except (OSError, BadInput) as error:
        raise fail(
            f"--jwks-file {path}: {error.strerror if isinstance(error, OSError) else error.text}"
        ) from None
    return {"keys": [found]} if isinstance(found, dict) and "kty" in found else found


def _parse_member(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise fail(f"--set {text}: write MEMBER=VALUE.")
    name = name.strip()
    if name not in _MEMBERS:
        raise fail(f"--set {name}: no such member; one of {', '.join(sorted(_MEMBERS))}.")
    if not value:
        return name, None
    try:
        return name, parse_json(value.encode())
    except BadInput:
        return name, value
