"""The authorization request, judged in the order of reference oauth §3.1.

What is wrong with the client or with where we would send the browser is a page of ours (``Fault``); everything after
that goes back to the app (``Answer``). Nothing is ever redirected to a URI that has not been matched first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hodlxxi.oauth.rules.claims import NOTHING_ASKED, AskedClaims, satisfies
from hodlxxi.oauth.rules.claims_request import parse_claims
from hodlxxi.oauth.rules.client_auth import absence_of
from hodlxxi.oauth.rules.clients import AUTHORIZATION_CODE, Client
from hodlxxi.oauth.rules.dpop import is_jkt
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.pkce import PkcePolicy, judge_challenge
from hodlxxi.oauth.rules.redirects import render_redirect
from hodlxxi.oauth.rules.resources import judge_resources
from hodlxxi.oauth.rules.scopes import OPENID, Catalogue, judge_scope

Params = Mapping[str, Sequence[str]]  # empty values count as absent and are not in it

MAX_STATE_CHARS = 2_048
MAX_NONCE_CHARS = 512
MAX_HINT_CHARS = 8_192
MAX_LOGIN_HINT_CHARS = 255
NO_APP = Fault(Word.INVALID_CLIENT, "This app is not registered here, or its registration has ended.")
PAR_PREFIX = "urn:ietf:params:oauth:request_uri:"

PROMPTS = ("none", "login", "consent", "select_account", "create")
KNOWN = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "resource",
    "dpop_jkt",
    "display",
    "ui_locales",
    "claims_locales",
    "request",
    "request_uri",
    "registration",
]
_REPEATABLE = ("resource",)
_FULL_NUMBER = re.compile(r"[0-9]{1,10}")
_COMPACT_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class ResponseMode(StrEnum):
    """How the browser carries the response."""

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the response goes: matched with the registration, so that it is safe to send a browser there."""

    redirect_uri: str
    response_mode: ResponseMode = ResponseMode.QUERY
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An authorization response: parameters for a destination. Every one names the issuer (RFC 9207)."""

    destination: Destination
    members: tuple[tuple[str, str], ...]

    def pairs(self, issuer: str) -> list[tuple[str, str]]:
        """All parameters, in the order in which they are sent."""
        state = self.destination.state
        return [*self.members, *([("state", state)] if state is not None else []), ("iss", issuer)]

    def location(self, issuer: str) -> str:
        """The URL for a redirect (modes query and fragment)."""
        in_fragment = self.destination.response_mode is ResponseMode.FRAGMENT
        return render_redirect(self.destination.redirect_uri, self.pairs(issuer), fragment=in_fragment)


def refuse(destination: Destination, fault: Fault) -> Answer:
    """The fault as a response to the app (RFC 6749 §4.1.2.1)."""
    return Answer(destination, (("error", fault.word.value), ("error_description", fault.text)))


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that is right in itself; who asks and whether they agree is judged afterwards."""

    client_id: str
    destination: Destination
    scopes: tuple[str, ...]
    code_challenge: str | None = None
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age_s: int | None = None
    id_token_hint: str | None = None
    login_hint: str | None = None
    acr_values: tuple[str, ...] = ()
    claims: AskedClaims = NOTHING_ASKED
    resources: tuple[str, ...] = ()
    dpop_jkt: str | None = None
    is_fapi2: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (``prompt=none``)."""
        return "none" in self.prompt


@dataclass(frozen=True, slots=True)
class NotRegistered(Fault):
    """A redirect URI that is not this client's: what was received and what is registered, for its owner and the operator."""

    client: Client | None = None
    received: str | None = None


def parse_client_id(params: Params) -> str | Fault:
    """Check A1 and A2: who asks. A fault is a page."""
    for name in ("client_id", "redirect_uri", "request_uri"):
        if len(params.get(name, ())) > 1:
            return Fault(Word.INVALID_REQUEST, f"{name} was sent more than once.")
    client_id = _one(params, "client_id")
    if client_id is None:
        return Fault(Word.INVALID_REQUEST, "client_id is missing: the link that led here is incomplete.")
    return client_id


def pushed_id(params: Params) -> str | None:
    """The secret part of a ``request_uri`` that we gave out (RFC 9126 §2.2); None when the request has none."""
    request_uri = _one(params, "request_uri")
    if request_uri is None or not request_uri.startswith(PAR_PREFIX):
        return None
    return request_uri.removeprefix(PAR_PREFIX)


def judge_destination(params: Params, client: Client | None) -> Destination | Fault:
    """Checks A2 and A4 and the state: where may the response go? A fault is a page, never a redirect."""
    if client is None or client.disabled_at is not None:
        return NO_APP.because(absence_of(client))
    asked = _one(params, "redirect_uri")
    redirect_uri = _only_uri(params, client) if asked is None else client.find_redirect_uri(asked)
    if redirect_uri is None:
        what = "redirect_uri is missing." if asked is None else "redirect_uri is not registered for this app."
        text = f"{what} It must equal a registered one, character for character."
        return NotRegistered(Word.INVALID_REQUEST, text, client=client, received=asked)
    mode = _one(params, "response_mode")
    return Destination(
        redirect_uri=redirect_uri,
        response_mode=ResponseMode(mode) if mode in tuple(ResponseMode) else ResponseMode.QUERY,
        state=_one(params, "state"),
    )


def judge_request(
    params: Params,
    client: Client,
    destination: Destination,
    *,
    pkce: PkcePolicy,
    catalogue: Catalogue,
    resources: tuple[str, ...],
    pushed: bool = False,
) -> AuthorizationRequest | Answer:
    """Checks B5 to B9 of a request that a browser brings; an answer goes to the app by redirect.

    ``pushed``: it was sent to us directly (RFC 9126), as some clients have to.
    """
    judged = judge_content(
        params,
        client,
        destination,
        pkce=pkce,
        catalogue=catalogue,
        resources=resources,
        unpushed=client.needs_pushed_requests and not pushed,
    )
    return refuse(destination, judged) if isinstance(judged, Fault) else judged


def judge_content(
    params: Params,
    client: Client,
    destination: Destination,
    *,
    pkce: PkcePolicy,
    catalogue: Catalogue,
    resources: tuple[str, ...],
    unpushed: bool = False,
) -> AuthorizationRequest | Fault:
    """Checks B5 to B9: is the request right in itself?

    ``resources`` are the audiences that exist here, ``unpushed`` is a request that should have been pushed. The scopes come
    without ``offline_access`` where the client could not use it anyway (Core §11).
    """
    fault = _judge_form(params, client, unpushed)
    if fault is not None:
        return fault
    scopes = judge_scope(_one(params, "scope"), allowed=client.metadata.scopes, catalogue=catalogue)
    if isinstance(scopes, Fault):
        return scopes
    challenge = judge_challenge(
        _one(params, "code_challenge"),
        _one(params, "code_challenge_method"),
        policy=client.pkce_under(pkce),
        public=client.is_public,
        openid=OPENID in scopes,
        nonce=_one(params, "nonce"),
    )
    if isinstance(challenge, Fault):
        return challenge
    fault = judge_resources(params.get("resource", ()), resources, client) or _judge_syntax(params)
    if fault is not None:
        return fault
    claims = parse_claims(_one(params, "claims"))
    if isinstance(claims, Fault):
        return claims
    return _request(params, client, destination, scopes, challenge, claims)


def excludes(params: Params, acr: str) -> bool:
    """Whether a request demands a class of sign-in (as an essential claim) that this one is not."""
    claims = parse_claims(_one(params, "claims"))
    wanted = claims.essential_acr if isinstance(claims, AskedClaims) else None
    return wanted is not None and not any(satisfies(acr, one) for one in wanted)


def kept_params(params: Params) -> dict[str, list[str]]:
    """The parameters that an interaction keeps, to be judged again at every step."""
    return {name: list(params[name]) for name in KNOWN if name in params}


def _one(params: Params, name: str) -> str | None:
    values = params.get(name, ())
    return values[0] if len(values) == 1 else None


def _only_uri(params: Params, client: Client) -> str | None:
    scopes = (_one(params, "scope") or "").split(" ")
    uris = client.metadata.redirect_uris
    may_be_left_out = len(uris) == 1 and OPENID not in scopes and not client.is_fapi2
    return uris[0] if may_be_left_out else None


def _judge_form(params: Params, client: Client, unpushed: bool) -> Fault | None:
    """B5 to B8: response mode, what is not supported by name, not pushed, repetitions, response type."""
    mode = _one(params, "response_mode")
    if mode is not None and mode not in tuple(ResponseMode):
        return Fault(Word.INVALID_REQUEST, "response_mode must be query, fragment or form_post.")
    if "request" in params:
        return Fault(Word.REQUEST_NOT_SUPPORTED, "Request objects are not supported.")
    if "request_uri" in params:
        return Fault(Word.REQUEST_URI_NOT_SUPPORTED, "request_uri is not supported.")
    if "registration" in params:
        return Fault(
            Word.REGISTRATION_NOT_SUPPORTED, "registration is not supported here; use /oauth/register."
        )
    if unpushed:
        return Fault(Word.INVALID_REQUEST, "This client has to push its requests to /oauth/par first.")
    for name in KNOWN:
        if len(params.get(name, ())) > 1 and name not in _REPEATABLE:
            return Fault(Word.INVALID_REQUEST, f"{name} was sent more than once.")
    response_type = _one(params, "response_type")
    if response_type is None:
        return Fault(Word.INVALID_REQUEST, "response_type is missing: send response_type=code.")
    if response_type != "code":
        return Fault(Word.UNSUPPORTED_RESPONSE_TYPE, "Only response_type=code is supported.")
    if AUTHORIZATION_CODE not in client.metadata.grant_types:
        return Fault(Word.UNAUTHORIZED_CLIENT, "This client is not registered for authorization_code.")
    return None


def _judge_syntax(params: Params) -> Fault | None:
    if len(_one(params, "state") or "") > MAX_STATE_CHARS:
        return Fault(Word.INVALID_REQUEST, f"state is longer than {MAX_STATE_CHARS} characters.")
    if len(_one(params, "nonce") or "") > MAX_NONCE_CHARS:
        return Fault(Word.INVALID_REQUEST, f"nonce is longer than {MAX_NONCE_CHARS} characters.")
    prompt = (_one(params, "prompt") or "").split()
    if any(word not in PROMPTS for word in prompt):
        return Fault(Word.INVALID_REQUEST, f"prompt must be made of {', '.join(PROMPTS)}.")
    if "none" in prompt and len(set(prompt)) > 1:
        return Fault(Word.INVALID_REQUEST, "prompt=none cannot be combined with another value.")
    max_age = _one(params, "max_age")
    if max_age is not None and not _FULL_NUMBER.fullmatch(max_age):
        return Fault(Word.INVALID_REQUEST, "max_age must be a number of seconds, 0 or more.")
    jkt = _one(params, "dpop_jkt")
    if jkt is not None and not is_jkt(jkt):
        return Fault(Word.INVALID_REQUEST, "dpop_jkt must be the SHA-256 thumbprint of a key: 43 characters.")
    hint = _one(params, "id_token_hint")
    if hint is not None and (len(hint) > MAX_HINT_CHARS or not _COMPACT_JWT.fullmatch(hint)):
        return Fault(Word.INVALID_REQUEST, "id_token_hint is not an ID token.")
    return None


def _request(
    params: Params,
    client: Client,
    destination: Destination,
    scopes: tuple[str, ...],
    challenge: str | None,
    claims: AskedClaims,
) -> AuthorizationRequest:
    max_age = _one(params, "max_age")
    login_hint = _one(params, "login_hint")
    return AuthorizationRequest(
        client_id=client.client_id,
        destination=destination,
        scopes=client.usable(scopes),
        code_challenge=challenge,
        nonce=_one(params, "nonce"),
        prompt=frozenset((_one(params, "prompt") or "").split()),
        max_age_s=int(max_age) if max_age is not None else client.metadata.default_max_age_s,
        id_token_hint=_one(params, "id_token_hint"),
        login_hint=login_hint if login_hint and len(login_hint) <= MAX_LOGIN_HINT_CHARS else None,
        acr_values=client.wished_acr(_one(params, "acr_values")),
        claims=claims,
        resources=tuple(dict.fromkeys(params.get("resource", ()))),
        dpop_jkt=_one(params, "dpop_jkt"),
        is_fapi2=client.is_fapi2,
    )
