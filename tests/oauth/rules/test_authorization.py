"""The authorization request: what is a page, what goes back to the app, in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules import authorization
from hodlxxi.oauth.rules.authorization import (
    KNOWN,
    PAR_PREFIX,
    Answer,
    AuthorizationRequest,
    Destination,
    ResponseMode,
    judge_destination,
    parse_client_id,
    pushed_id,
)
from hodlxxi.oauth.rules.clients import Client, Profile
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.scopes import SCOPES
from tests.oauth.rules.sample import CALLBACK, CHALLENGE, ISSUER, NOW, client, params
from tests.support.hostile_uris import HOSTILE


def judged(
    sent: dict[str, list[str]], who: Client | None = None, pkce: PkcePolicy = PkcePolicy.ALWAYS
) -> AuthorizationRequest | Answer | Fault:
    who = who or client()
    destination = judge_destination(sent, who)
    if isinstance(destination, Fault):
        return destination
    return authorization.judge_request(
        sent, who, destination, pkce=pkce, catalogue=SCOPES, resources=(ISSUER,)
    )


def word_of(answer: AuthorizationRequest | Answer | Fault) -> str:
    assert isinstance(answer, Answer), answer
    return dict(answer.members)["error"]


def test_a_good_request_is_read() -> None:
    verdict = judged(params(nonce="n", prompt="login consent", max_age="0", login_hint="x", acr_values="a b"))
    assert isinstance(verdict, AuthorizationRequest)
    assert verdict.destination == Destination(CALLBACK, ResponseMode.QUERY, "s")
    assert verdict.scopes == ("openid", "profile:read")
    assert verdict.code_challenge == CHALLENGE
    assert verdict.prompt == {"login", "consent"}
    assert (verdict.nonce, verdict.max_age_s, verdict.login_hint) == ("n", 0, "x")
    assert verdict.acr_values == ("a", "b")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(params(client_id=None), id="no client"),
        pytest.param(params(client_id=["a", "a"]), id="client twice"),
        pytest.param(params(redirect_uri=[CALLBACK, CALLBACK]), id="redirect_uri twice"),
        pytest.param(params(request_uri=["a", "b"]), id="request_uri twice"),
    ],
)
def test_who_cannot_be_identified_gets_a_page(sent: dict[str, list[str]]) -> None:
    assert isinstance(parse_client_id(sent), Fault)


@pytest.mark.parametrize("who", [None, client(disabled_at=NOW)], ids=["unknown", "disabled"])
def test_an_unknown_and_a_disabled_client_get_the_same_page(who: Client | None) -> None:
    verdict = judge_destination(params(), who)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_CLIENT


@pytest.mark.parametrize("uri", [u for u in HOSTILE if u])
@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"response_type": "token"},
        {"scope": "wallet:write"},
        {"code_challenge": None},
        {"prompt": "bad"},
        {"response_mode": "web_message"},
        {"request": "x.y."},
        {"state": ["a", "b"]},
    ],
    ids=str,
)
def test_a_hostile_uri_is_a_page_whatever_else_is_wrong(uri: str, fault: dict[str, Any]) -> None:
    assert isinstance(judged(params(redirect_uri=uri, **fault)), Fault)


@pytest.mark.parametrize(
    ("uri", "secret"),
    [
        (PAR_PREFIX + "x", "x"),
        (PAR_PREFIX, ""),
        (PAR_PREFIX.upper() + "x", None),
        ("https://app.example/r", None),
        (None, None),
        ([PAR_PREFIX + "x", PAR_PREFIX + "y"], None),
    ],
)
def test_a_request_uri_of_ours_is_told_from_others(uri: Any, secret: str | None) -> None:
    assert pushed_id(params(request_uri=uri)) == secret


def test_who_has_to_push_is_told_so_after_what_is_not_supported_by_name() -> None:
    who = client(profile=Profile.FAPI2)
    assert word_of(judged(params(), who)) == "invalid_request"
    assert word_of(judged(params(request="x.y."), who)) == "request_not_supported"
    assert word_of(judged(params(response_type="token"), who)) == "invalid_request"


def test_the_only_redirect_uri_may_be_left_out_without_openid() -> None:
    assert isinstance(judged(params(redirect_uri=None, scope="profile:read")), AuthorizationRequest)
    assert isinstance(judged(params(redirect_uri=None)), Fault)
    two = client(CALLBACK, CALLBACK + "2")
    assert isinstance(judged(params(redirect_uri=None, scope="profile:read"), two), Fault)


ANSWERED: list[tuple[dict[str, Any], Word]] = [
    ({"response_mode": "web_message"}, Word.INVALID_REQUEST),
    ({"response_mode": "form_post.jwt"}, Word.INVALID_REQUEST),
    ({"response_mode": ["query", "fragment"]}, Word.INVALID_REQUEST),
    ({"request": "e30.e30."}, Word.REQUEST_NOT_SUPPORTED),
    ({"request": "e30.e30.", "response_type": None, "state": None}, Word.REQUEST_NOT_SUPPORTED),
    ({"request_uri": "https://app.example/r"}, Word.REQUEST_URI_NOT_SUPPORTED),
    ({"registration": "{}"}, Word.REGISTRATION_NOT_SUPPORTED),
    ({"scope": ["openid", "openid"]}, Word.INVALID_REQUEST),
    ({"state": ["a", "b"]}, Word.INVALID_REQUEST),
    ({"nonce": ["a", "b"]}, Word.INVALID_REQUEST),
    ({"code_challenge": [CHALLENGE, CHALLENGE]}, Word.INVALID_REQUEST),
    ({"response_type": None}, Word.INVALID_REQUEST),
    ({"response_type": "token"}, Word.UNSUPPORTED_RESPONSE_TYPE),
    ({"response_type": "id_token"}, Word.UNSUPPORTED_RESPONSE_TYPE),
    ({"response_type": "code id_token"}, Word.UNSUPPORTED_RESPONSE_TYPE),
    ({"response_type": "code token"}, Word.UNSUPPORTED_RESPONSE_TYPE),
    ({"response_type": "Code"}, Word.UNSUPPORTED_RESPONSE_TYPE),
    ({"scope": "wallet:write"}, Word.INVALID_SCOPE),
    ({"scope": "email"}, Word.INVALID_SCOPE),
    ({"code_challenge": None, "code_challenge_method": None}, Word.INVALID_REQUEST),
    ({"code_challenge_method": "plain"}, Word.INVALID_REQUEST),
    ({"code_challenge_method": None}, Word.INVALID_REQUEST),
    ({"code_challenge": "short"}, Word.INVALID_REQUEST),
    ({"resource": "https://api.other.example"}, Word.INVALID_TARGET),
    ({"resource": [ISSUER, "x"]}, Word.INVALID_TARGET),
    ({"state": "s" * 2049}, Word.INVALID_REQUEST),
    ({"nonce": "n" * 513}, Word.INVALID_REQUEST),
    ({"prompt": "none login"}, Word.INVALID_REQUEST),
    ({"prompt": "later"}, Word.INVALID_REQUEST),
    ({"max_age": "-1"}, Word.INVALID_REQUEST),
    ({"max_age": "1.5"}, Word.INVALID_REQUEST),
    ({"max_age": "soon"}, Word.INVALID_REQUEST),
    ({"max_age": "١"}, Word.INVALID_REQUEST),
    ({"id_token_hint": "nonsense"}, Word.INVALID_REQUEST),
    ({"claims": "nonsense"}, Word.INVALID_REQUEST),
    ({"claims": "[]"}, Word.INVALID_REQUEST),
    ({"claims": '{"userinfo":[]}'}, Word.INVALID_REQUEST),
    ({"claims": "[" * 4000}, Word.INVALID_REQUEST),
    ({"claims": '{"x":"' + "y" * 8200 + '"}'}, Word.INVALID_REQUEST),
]


@pytest.mark.parametrize(("changes", "word"), ANSWERED, ids=lambda value: str(value)[:60])
def test_what_is_wrong_in_the_request_goes_back_to_the_app(changes: dict[str, Any], word: Word) -> None:
    answer = judged(params(**changes))
    assert word_of(answer) == word
    assert isinstance(answer, Answer)
    location = answer.location(ISSUER)
    assert location.startswith(CALLBACK + "?error=")
    assert "iss=https%3A%2F%2Flogin.example" in location


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ({"response_mode": "x"}, {"request": "e30.e30."}, Word.INVALID_REQUEST),
        ({"request": "e30.e30."}, {"scope": ["a", "b"]}, Word.REQUEST_NOT_SUPPORTED),
        ({"nonce": ["a", "b"]}, {"response_type": "token"}, Word.INVALID_REQUEST),
        ({"response_type": "token"}, {"scope": "email"}, Word.UNSUPPORTED_RESPONSE_TYPE),
        ({"scope": "email"}, {"code_challenge": None}, Word.INVALID_SCOPE),
        ({"code_challenge": "x"}, {"resource": "x"}, Word.INVALID_REQUEST),
        ({"resource": "x"}, {"prompt": "x"}, Word.INVALID_TARGET),
    ],
)
def test_the_first_fault_in_the_fixed_order_is_named(first: Any, second: Any, word: Word) -> None:
    assert word_of(judged(params(**first | second))) == word


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "select_account consent"},
        {"scope": "openid profile email address phone groups offline_access"},
        {"display": "popup", "ui_locales": "de fr", "claims_locales": "xx", "login_hint": "l" * 300},
        {"access_type": "offline", "audience": "x", "kc_idp_hint": "y"},
        {"state": None},
        {"state": ""},
        {"nonce": ""},
        {"state": "ü" * 2048},
        {"response_mode": "fragment"},
        {"response_mode": "form_post"},
        {"resource": [ISSUER, ISSUER]},
        {"acr_values": "urn:other urn:hodlxxi:acr:two-keys"},
        {"claims": '{"userinfo":{"name":{"essential":true},"x":null},"id_token":null,"other":1}'},
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_relying_parties_send_is_taken(changes: dict[str, Any]) -> None:
    verdict = judged(params(**changes))
    assert isinstance(verdict, AuthorizationRequest), verdict


def test_offline_access_needs_the_refresh_grant() -> None:
    sent = params(scope="openid offline_access")
    with_it, without = judged(sent), judged(sent, client(grant_types=("authorization_code",)))
    assert isinstance(with_it, AuthorizationRequest)
    assert isinstance(without, AuthorizationRequest)
    assert with_it.scopes == ("openid", "offline_access")
    assert without.scopes == ("openid",)


def test_the_clients_own_policy_and_defaults_count() -> None:
    bare = params(code_challenge=None, code_challenge_method=None)
    assert isinstance(judged(bare, client(pkce_policy=PkcePolicy.PUBLIC_ONLY)), AuthorizationRequest)
    assert isinstance(judged(bare, pkce=PkcePolicy.PUBLIC_ONLY), AuthorizationRequest)
    strict = client(pkce_policy=PkcePolicy.ALWAYS)
    assert word_of(judged(bare, strict, PkcePolicy.PUBLIC_ONLY)) == Word.INVALID_REQUEST
    verdict = judged(params(), client(default_max_age_s=60, default_acr_values=("urn:hodlxxi:acr:key",)))
    assert isinstance(verdict, AuthorizationRequest)
    assert verdict.max_age_s == 60
    assert verdict.acr_values == ("urn:hodlxxi:acr:key",)


def test_the_state_comes_back_exactly_in_every_mode() -> None:
    for mode, sign in (("query", "?"), ("fragment", "#")):
        answer = judged(params(response_mode=mode, state="a b&c=é#", scope="email"))
        assert isinstance(answer, Answer)
        assert answer.location(ISSUER).startswith(f"{CALLBACK}{sign}error=invalid_scope")
        assert ("state", "a b&c=é#") in answer.pairs(ISSUER)


values = st.lists(st.text(max_size=30), min_size=1, max_size=2)


@given(st.dictionaries(st.sampled_from(KNOWN), values, max_size=8), st.sampled_from(list(PkcePolicy)))
def test_any_request_is_judged_and_none_leads_to_a_foreign_place(
    changes: dict[str, list[str]], pkce: PkcePolicy
) -> None:
    sent = {k: [x for x in v if x] for k, v in (params() | changes).items()}
    verdict = judged({k: v for k, v in sent.items() if v}, pkce=pkce)
    if not isinstance(verdict, Fault):
        assert verdict.destination.redirect_uri == CALLBACK
