"""What tokens and userinfo say."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.claims import (
    AskedClaims,
    Person,
    Proof,
    access_token_claims,
    at_hash,
    find_hint_subject,
    id_token_claims,
    preferred_username,
    userinfo_claims,
)
from hodlxxi.oauth.rules.claims_request import parse_claims, read_asked, render_asked
from hodlxxi.oauth.rules.errors import Fault, Word, plain_text
from tests.oauth.rules.sample import ISSUER, NOW, PUBKEY

PERSON = Person(PUBKEY, updated_at=NOW)
PROOF = Proof(NOW, "urn:hodlxxi:acr:key", ("pop", "btc_message"), "sid-1")
SECOND = int(NOW.timestamp())


def id_token(asked: AskedClaims = AskedClaims(), nonce: str | None = "n") -> dict[str, object]:  # noqa: B008
    return id_token_claims(
        issuer=ISSUER, client_id="app_1", person=PERSON, proof=PROOF, asked=asked,
        access_token="a.b.c", alg="RS256", nonce=nonce, now=SECOND,
    )  # fmt: skip


def test_the_id_token_has_exactly_what_the_reference_lists() -> None:
    assert id_token() == {
        "iss": ISSUER,
        "sub": PUBKEY,
        "aud": "app_1",
        "iat": SECOND,
        "exp": SECOND + 3600,
        "auth_time": SECOND,
        "acr": "urn:hodlxxi:acr:key",
        "amr": ["pop", "btc_message"],
        "sid": "sid-1",
        "at_hash": at_hash("a.b.c", "RS256"),
        "nonce": "n",
    }
    assert "nonce" not in id_token(nonce=None)
    assert "azp" not in id_token()


def test_profile_claims_are_in_the_id_token_only_when_asked_for_there() -> None:
    token = id_token(AskedClaims(id_token=("name", "bitcoin_pubkey"), userinfo=("preferred_username",)))
    assert token["name"] == "02abab…abab"
    assert token["bitcoin_pubkey"] == PUBKEY
    assert "preferred_username" not in token


def test_the_access_token_follows_rfc_9068() -> None:
    claims = access_token_claims(
        issuer=ISSUER,
        client_id="app_1",
        sub=PUBKEY,
        scopes=("b", "a"),
        proof=PROOF,
        audience=ISSUER,
        dpop_jkt=None,
        jti="j",
        now=SECOND,
        lifetime_s=60,
    )
    assert claims["aud"] == claims["iss"] == ISSUER
    assert claims["scope"] == "b a"
    assert (claims["iat"], claims["exp"], claims["jti"]) == (SECOND, SECOND + 60, "j")
    assert claims["client_id"] == "app_1"


def test_at_hash_is_the_left_half_in_the_hash_of_the_algorithm() -> None:
    # OpenID Connect Core, Appendix A.3
    published = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert at_hash(published, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    left = hashlib.sha512(published.encode()).digest()[:32]
    assert at_hash(published, "EdDSA") == base64.urlsafe_b64encode(left).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("scopes", "asked", "names"),
    [
        (("openid",), AskedClaims(), {"sub"}),
        (("openid", "profile"), AskedClaims(), {"sub", "name", "preferred_username", "updated_at"}),
        (("openid", "profile:read"), AskedClaims(), {"sub", "bitcoin_pubkey"}),
        (("openid",), AskedClaims(userinfo=("name",)), {"sub", "name"}),
        (("openid", "wallet:read", "chat"), AskedClaims(id_token=("name",)), {"sub"}),
    ],
)
def test_userinfo_tells_what_was_granted(
    scopes: tuple[str, ...], asked: AskedClaims, names: set[str]
) -> None:
    info = userinfo_claims(PERSON, scopes, asked)
    assert set(info) == names
    assert info["sub"] == PUBKEY


def test_a_chosen_name_is_used_and_the_username_fits_most_apps() -> None:
    assert userinfo_claims(Person(PUBKEY, "Alice"), ("profile",), AskedClaims())["name"] == "Alice"
    username = preferred_username(Person(PUBKEY))
    assert len(username) <= 30
    assert username.isascii()
    assert set(username) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


@pytest.mark.parametrize(
    ("payload", "subject"),
    [
        ({"iss": ISSUER, "aud": "app_1", "sub": PUBKEY, "exp": 0}, PUBKEY),
        ({"iss": ISSUER, "aud": ["x", "app_1"], "sub": PUBKEY}, PUBKEY),
        ({"iss": ISSUER, "aud": "app_2", "sub": PUBKEY}, None),
        ({"iss": "https://other.example", "aud": "app_1", "sub": PUBKEY}, None),
        ({"iss": ISSUER, "aud": "app_1", "sub": 7}, None),
        ({}, None),
    ],
)
def test_a_hint_counts_when_it_was_made_for_this_client(
    payload: dict[str, object], subject: str | None
) -> None:
    assert find_hint_subject(payload, issuer=ISSUER, client_id="app_1") == subject


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, AskedClaims()),
        ("{}", AskedClaims()),
        ('{"userinfo":{"name":null,"x":1},"id_token":{"acr":null}}', AskedClaims(userinfo=("name",))),
        ('{"id_token":{"sub":{"value":"u"}}}', AskedClaims(sub="u")),
        ('{"id_token":{"sub":{"essential":true}}}', AskedClaims()),
        (
            '{"id_token":{"acr":{"essential":true,"values":["urn:hodlxxi:acr:key","x"]}}}',
            AskedClaims(essential_acr=("urn:hodlxxi:acr:key",)),
        ),
        ('{"id_token":{"acr":{"essential":true,"value":"x"}}}', AskedClaims(essential_acr=())),
        ('{"id_token":{"acr":{"essential":true}}}', AskedClaims()),
        ('{"id_token":{"acr":{"values":["urn:hodlxxi:acr:key"]}}}', AskedClaims()),
    ],
)
def test_the_claims_parameter_is_reduced_to_what_we_serve(text: str | None, expected: AskedClaims) -> None:
    assert parse_claims(text) == expected


@pytest.mark.parametrize(
    "member",
    [
        '"name":true',
        '"sub":"02ab"',
        '"sub":{"value":7}',
        '"sub":{"value":["02ab"]}',
        '"acr":"urn:hodlxxi:acr:two-keys"',
        '"acr":["urn:hodlxxi:acr:two-keys"]',
    ],
)
@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_a_demand_that_is_badly_written_is_not_dropped(place: str, member: str) -> None:
    judged = parse_claims(f'{{"{place}":{{{member}}}}}')
    assert isinstance(judged, Fault)
    assert judged.word is Word.INVALID_REQUEST


def test_what_a_grant_keeps_of_it_comes_back() -> None:
    asked = AskedClaims(id_token=("name",), userinfo=("bitcoin_pubkey",))
    kept = render_asked(asked)
    assert kept == {"id_token": ["name"], "userinfo": ["bitcoin_pubkey"]}
    assert read_asked({"id_token": ["name"], "userinfo": ["bitcoin_pubkey"]}) == asked
    assert render_asked(AskedClaims()) is None
    assert read_asked(None) == AskedClaims()


@given(st.text(max_size=400) | st.text(alphabet='{}[]":,idtokenuserfsbvalc \\u0d8', max_size=200))
def test_any_claims_parameter_is_judged(text: str) -> None:
    assert isinstance(parse_claims(text), AskedClaims | Fault)


@given(st.text(max_size=200))
def test_error_texts_stay_in_the_alphabet_of_the_rfc(text: str) -> None:
    cleaned = plain_text(text)
    assert all(" " <= c <= "~" and c not in '"\\' for c in cleaned)
    assert len(cleaned) == len(text)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (Word.INVALID_GRANT, 400),
        (Word.INVALID_CLIENT, 401),
        (Word.INVALID_TOKEN, 401),
        (Word.INSUFFICIENT_SCOPE, 403),
        (Word.TEMPORARILY_UNAVAILABLE, 503),
    ],
)
def test_each_word_has_its_status(word: Word, status: int) -> None:
    assert Fault(word, "x").status == status
