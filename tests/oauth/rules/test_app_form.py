"""The form at /developers, as rules: what its fields ask for, and that nothing gets lost on the way there and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hodlxxi.oauth.rules.app_form import KINDS, OTHER, fill_form, kind_of, read_form
from hodlxxi.oauth.rules.clients import Metadata, render_metadata
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.registration import Terms, judge_metadata
from hodlxxi.oauth.rules.scopes import SCOPES
from tests.oauth.rules.sample import CALLBACK, client

TERMS = Terms(SCOPES, ("RS256", "ES256", "HS256"))
FULL: dict[str, Any] = {
    "client_name": "Till",
    "redirect_uris": [CALLBACK, CALLBACK + "/2"],
    "scope": "openid chat",
    "post_logout_redirect_uris": ["https://app.example/out"],
    "backchannel_logout_uri": "https://app.example/bye",
    "client_uri": "https://app.example/",
    "logo_uri": "https://app.example/l.png",
    "policy_uri": "https://app.example/p",
    "tos_uri": "https://app.example/t",
    "contacts": ["a@app.example"],
    "subject_type": "pairwise",
    "id_token_signed_response_alg": "ES256",
    "dpop_bound_access_tokens": True,
    "require_pushed_authorization_requests": True,
    "default_max_age": 5,
    "software_id": "s",
    "require_auth_time": True,
    "backchannel_logout_session_required": True,
    "userinfo_signed_response_alg": "ES256",
}


def judged(body: dict[str, Any]) -> Metadata:
    metadata = judge_metadata(body, TERMS)
    assert isinstance(metadata, Metadata), metadata
    return metadata


def members_of(metadata: Metadata) -> dict[str, object]:
    found = render_metadata(replace(client(), metadata=metadata))
    return {name: value for name, value in found.items() if not name.startswith("client_id")}


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "none"},
        {"grant_types": ["authorization_code"]},
        {"grant_types": ["authorization_code", "client_credentials"]},
        {"grant_types": ["client_credentials"], "redirect_uris": []},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/k"},
        {
            "token_endpoint_auth_method": "none",
            "redirect_uris": [],
            "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        },
    ],
    ids=str,
)
def test_the_filled_form_sent_back_as_it_is_changes_nothing(own: dict[str, Any]) -> None:
    before = judged(FULL | own)
    fields = fill_form(before)
    keys = before.jwks
    body = read_form(fields, keys, before, members_of(before))
    assert not isinstance(body, Fault)
    assert judged(body) == before


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_recognised_again(name: str) -> None:
    fields = {"kind": [name], "client_name": ["X"], "scope": ["chat"], "redirect_uris": [CALLBACK]}
    body = read_form(fields | {"jwks_uri": ["https://app.example/k"]}, None, None, {})
    assert not isinstance(body, Fault)
    assert kind_of(judged(body)) == name


def test_what_is_of_no_kind_may_stay_so_and_may_become_one() -> None:
    before = judged(FULL | {"grant_types": ["authorization_code", "client_credentials"]})
    assert kind_of(before) == OTHER
    fields = fill_form(before)
    assert fields["kind"] == [OTHER]
    body = read_form(fields | {"kind": ["browser"]}, None, before, members_of(before))
    assert not isinstance(body, Fault)
    assert kind_of(judged(body)) == "browser"


@pytest.mark.parametrize("kind", ["", "other", "bank"])
def test_a_new_app_is_of_a_known_kind(kind: str) -> None:
    fault = read_form({"kind": [kind], "scope": ["chat"]}, None, None, {})
    assert isinstance(fault, Fault)
    assert fault.text.startswith("kind:")


def test_nothing_ticked_is_not_everything() -> None:
    fault = read_form({"kind": ["web"]}, None, None, {})
    assert isinstance(fault, Fault)
    assert fault.text.startswith("scope:")


def test_one_key_is_taken_for_a_set_of_one() -> None:
    fields = {"kind": ["key"], "scope": ["chat"]}
    body = read_form(fields, {"kty": "EC"}, None, {})
    assert not isinstance(body, Fault)
    assert body["jwks"] == {"keys": [{"kty": "EC"}]}


def test_an_app_that_is_not_known_by_a_key_any_more_keeps_none() -> None:
    before = judged(
        FULL | {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/k"}
    )
    body = read_form(fill_form(before) | {"kind": ["web"]}, None, before, members_of(before))
    assert not isinstance(body, Fault)
    assert judged(body).jwks_uri is None
