"""Registration: what a client may say about itself, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.clients import Metadata, render_metadata
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.registration import Terms, judge_metadata
from hodlxxi.oauth.rules.scopes import SCOPES, usual_scopes
from tests.oauth.rules.sample import CALLBACK, client

ALGS = ("RS256", "ES256", "EdDSA")


def judged(body: dict[str, Any]) -> Metadata | Fault:
    return judge_metadata(body, Terms(SCOPES, ALGS))


def registered(**members: Any) -> Metadata:
    verdict = judged({"redirect_uris": [CALLBACK]} | members)
    assert isinstance(verdict, Metadata), verdict
    return verdict


def test_the_seeds_body_is_enough() -> None:
    metadata = judged({"name": "My App", "redirect_uris": [CALLBACK]})
    assert isinstance(metadata, Metadata)
    assert metadata.name == "My App"
    assert metadata.auth_method == "client_secret_basic"
    assert metadata.grant_types == ("authorization_code", "refresh_token")
    assert metadata.scopes == usual_scopes(SCOPES)
    assert metadata.id_token_alg == "RS256"
    assert metadata.application_type == "web"


def test_a_nameless_client_is_called_by_its_host() -> None:
    assert registered().name == "app.example"
    assert registered(client_name="  ").name == "app.example"


def test_client_name_comes_before_name() -> None:
    assert registered(client_name="A", name="B").name == "A"


def test_redirect_uris_are_kept_byte_for_byte_and_once() -> None:
    uris = ["https://App.example/CB?x=%2f", "https://App.example/CB?x=%2F", "https://App.example/CB?x=%2f"]
    assert registered(redirect_uris=uris).redirect_uris == tuple(uris[:2])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, "native"),
        ({"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "web"}, "native"),
        ({"redirect_uris": ["com.example.app:/cb", "http://[::1]/cb"]}, "native"),
        ({"redirect_uris": ["http://localhost/cb", CALLBACK]}, "web"),
        ({"application_type": "native"}, "native"),
    ],
)
def test_who_lives_on_the_users_device_is_native(members: dict[str, Any], expected: str) -> None:
    assert registered(**members).application_type == expected


def test_optional_wishes_that_cannot_be_met_are_replaced() -> None:
    metadata = registered(
        grant_types=["authorization_code", "urn:x:unknown", "password"],
        response_types=["code", "code id_token"],
        scope="openid email phone",
        default_acr_values=["urn:hodlxxi:acr:key", "urn:other"],
        userinfo_signed_response_alg="RS256",
        favourite_colour="orange",
    )
    assert metadata.grant_types == ("authorization_code",)
    assert metadata.scopes == ("openid",)
    assert metadata.default_acr_values == ("urn:hodlxxi:acr:key",)


def test_the_answer_says_what_was_registered() -> None:
    body = render_metadata(client(scopes=("openid",), default_max_age_s=60, contacts=("a@b.example",)))
    assert body["scope"] == "openid"
    assert body["default_max_age"] == 60
    assert body["contacts"] == ["a@b.example"]
    assert body["response_types"] == ["code"]
    assert body["subject_type"] == "public"
    assert "logo_uri" not in body
    assert not [name for name in body if "secret" in name]


REFUSED: list[tuple[dict[str, Any], Word]] = [
    ({"redirect_uris": None}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": []}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": CALLBACK}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": {"0": CALLBACK}}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": [1]}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": [[CALLBACK]]}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": [f"{CALLBACK}/{n}" for n in range(21)]}, Word.INVALID_REDIRECT_URI),
    ({"redirect_uris": [CALLBACK, "javascript:alert(1)"]}, Word.INVALID_REDIRECT_URI),
    ({"client_name": 1}, Word.INVALID_CLIENT_METADATA),
    ({"client_name": ["A"]}, Word.INVALID_CLIENT_METADATA),
    ({"client_name": "a" * 101}, Word.INVALID_CLIENT_METADATA),
    ({"client_name": "a\x00b"}, Word.INVALID_CLIENT_METADATA),
    ({"client_name": "a\u202eb"}, Word.INVALID_CLIENT_METADATA),
    ({"client_name": "a\nb"}, Word.INVALID_CLIENT_METADATA),
    ({"grant_types": ["implicit"]}, Word.INVALID_CLIENT_METADATA),
    ({"grant_types": ["refresh_token"]}, Word.INVALID_CLIENT_METADATA),
    ({"grant_types": []}, Word.INVALID_CLIENT_METADATA),
    ({"grant_types": "authorization_code"}, Word.INVALID_CLIENT_METADATA),
    ({"grant_types": [None]}, Word.INVALID_CLIENT_METADATA),
    ({"response_types": ["token"]}, Word.INVALID_CLIENT_METADATA),
    ({"response_types": ["id_token token"]}, Word.INVALID_CLIENT_METADATA),
    ({"token_endpoint_auth_method": "private_key_jwt"}, Word.INVALID_CLIENT_METADATA),
    ({"token_endpoint_auth_method": "client_secret_jwt"}, Word.INVALID_CLIENT_METADATA),
    ({"token_endpoint_auth_method": True}, Word.INVALID_CLIENT_METADATA),
    ({"application_type": "desktop"}, Word.INVALID_CLIENT_METADATA),
    ({"id_token_signed_response_alg": "none"}, Word.INVALID_CLIENT_METADATA),
    ({"id_token_signed_response_alg": "HS256"}, Word.INVALID_CLIENT_METADATA),
    ({"id_token_encrypted_response_alg": "RSA-OAEP"}, Word.INVALID_CLIENT_METADATA),
    ({"subject_type": "secret"}, Word.INVALID_CLIENT_METADATA),
    (
        {"subject_type": "pairwise", "redirect_uris": [CALLBACK, "https://other.example/cb"]},
        Word.INVALID_CLIENT_METADATA,
    ),
    ({"sector_identifier_uri": "http://app.example/uris.json"}, Word.INVALID_CLIENT_METADATA),
    ({"backchannel_logout_uri": "https://app.example/out#f"}, Word.INVALID_CLIENT_METADATA),
    ({"backchannel_logout_uri": "file:///etc/passwd"}, Word.INVALID_CLIENT_METADATA),
    ({"jwks_uri": "http://169.254.169.254/keys"}, Word.INVALID_CLIENT_METADATA),
    ({"jwks": {"keys": "none"}}, Word.INVALID_CLIENT_METADATA),
    ({"jwks": []}, Word.INVALID_CLIENT_METADATA),
    ({"post_logout_redirect_uris": ["javascript:alert(1)"]}, Word.INVALID_CLIENT_METADATA),
    ({"userinfo_signed_response_alg": "none"}, Word.INVALID_CLIENT_METADATA),
    ({"userinfo_signed_response_alg": "HS256"}, Word.INVALID_CLIENT_METADATA),
    ({"token_endpoint_auth_signing_alg": "none"}, Word.INVALID_CLIENT_METADATA),
    (
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
        Word.INVALID_CLIENT_METADATA,
    ),
    ({"dpop_bound_access_tokens": "yes"}, Word.INVALID_CLIENT_METADATA),
    ({"require_pushed_authorization_requests": "yes"}, Word.INVALID_CLIENT_METADATA),
    ({"jwks": {"keys": []}, "jwks_uri": "https://app.example/jwks"}, Word.INVALID_CLIENT_METADATA),
    ({"default_max_age": -1}, Word.INVALID_CLIENT_METADATA),
    ({"default_max_age": "60"}, Word.INVALID_CLIENT_METADATA),
    ({"default_max_age": True}, Word.INVALID_CLIENT_METADATA),
    ({"default_max_age": 1.5}, Word.INVALID_CLIENT_METADATA),
    ({"default_max_age": 2**40}, Word.INVALID_CLIENT_METADATA),
    ({"require_auth_time": 1}, Word.INVALID_CLIENT_METADATA),
    ({"scope": 'a"b'}, Word.INVALID_CLIENT_METADATA),
    ({"scope": ["openid"]}, Word.INVALID_CLIENT_METADATA),
    ({"contacts": "a@b.example"}, Word.INVALID_CLIENT_METADATA),
    ({"contacts": ["a"] * 21}, Word.INVALID_CLIENT_METADATA),
    ({"contacts": [""]}, Word.INVALID_CLIENT_METADATA),
    ({"logo_uri": "http://app.example/logo.png"}, Word.INVALID_CLIENT_METADATA),
    ({"logo_uri": "javascript:alert(1)"}, Word.INVALID_CLIENT_METADATA),
    ({"logo_uri": "https://user@app.example/logo.png"}, Word.INVALID_CLIENT_METADATA),
    ({"logo_uri": "https://app.example:0/logo.png"}, Word.INVALID_CLIENT_METADATA),
    ({"logo_uri": "https://[::1/logo.png"}, Word.INVALID_CLIENT_METADATA),
    ({"logo_uri": "https://app.example/a;script-src *"}, Word.INVALID_CLIENT_METADATA),
    ({"policy_uri": "https://"}, Word.INVALID_CLIENT_METADATA),
    ({"tos_uri": 'https://app.example/"><script>'}, Word.INVALID_CLIENT_METADATA),
    ({"client_uri": 7}, Word.INVALID_CLIENT_METADATA),
    ({"client_id": "mine"}, Word.INVALID_CLIENT_METADATA),
    ({"client_secret": "mine"}, Word.INVALID_CLIENT_METADATA),
    ({"trust": "operator"}, Word.INVALID_CLIENT_METADATA),
    ({"profile": "fapi2"}, Word.INVALID_CLIENT_METADATA),
    ({"sub": "02" + "ab" * 32}, Word.INVALID_CLIENT_METADATA),
]


@pytest.mark.parametrize(("members", "word"), REFUSED, ids=lambda value: str(value)[:60])
def test_bad_metadata_is_refused_by_name(members: dict[str, Any], word: Word) -> None:
    verdict = judged({"redirect_uris": [CALLBACK]} | members)
    assert isinstance(verdict, Fault)
    assert verdict.word is word
    assert verdict.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    [
        "client_name",
        "name",
        "redirect_uris",
        "grant_types",
        "response_types",
        "scope",
        "token_endpoint_auth_method",
        "application_type",
        "default_max_age",
        "logo_uri",
        "tos_uri",
        "contacts",
        "require_auth_time",
        "jwks",
        "jwks_uri",
        "subject_type",
        "client_id",
    ]
)


@given(st.dictionaries(names, json_values, max_size=6), st.booleans())
def test_any_json_object_is_judged(body: dict[str, Any], with_uris: bool) -> None:
    verdict = judged(body | ({"redirect_uris": [CALLBACK]} if with_uris else {}))
    assert isinstance(verdict, Fault | Metadata)
