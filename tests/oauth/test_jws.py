"""Signing and verifying our own tokens, held against published examples and a library of others."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from hodlxxi.oauth import jws
from hodlxxi.oauth.rules.jose import split_compact

SIGNERS = {alg: jws.signer_of(jws.mint_private_key(alg), alg) for alg in ("RS256", "PS256", "ES256", "EdDSA")}


def test_the_ed25519_signature_of_rfc_8037() -> None:
    # RFC 8037, Appendix A.1 and A.4
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    signer = jws.signer_of(ed25519.Ed25519PrivateKey.from_private_bytes(seed), "EdDSA")
    assert signer.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg=="
    assert signer.sign(signed) == base64.urlsafe_b64decode(expected)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_a_library_of_others_verifies_what_we_sign(alg: str) -> None:
    signer = SIGNERS[alg]
    token = jws.render_access(signer, {"sub": "x", "text": "é"})
    keys = KeySet.import_key_set({"keys": [signer.public_jwk]})  # type: ignore[arg-type, list-item]
    read = jwt.decode(token, keys, algorithms=[alg])
    assert read.header == {"alg": alg, "typ": "at+jwt", "kid": signer.kid}
    assert read.claims == {"sub": "x", "text": "é"}
    parts = split_compact(token)
    assert parts is not None
    assert parts[0] == signer.access_header
    assert jws.read_verified(signer, parts) == {"sub": "x", "text": "é"}


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_key_survives_its_rest(alg: str) -> None:
    private = jws.mint_private_key(alg)
    again = jws.load_private_key(jws.dump_private_key(private))
    assert jws.signer_of(again, alg).kid == jws.signer_of(private, alg).kid


def test_access_and_id_tokens_of_one_key_have_different_headers() -> None:
    for signer in [*SIGNERS.values(), jws.hmac_signer(b"s" * 32)]:
        assert signer.access_header != signer.id_header
    assert jws.hmac_signer(b"s" * 32).public_jwk is None
    assert jws.hmac_signer(b"s" * 32).kid != jws.hmac_signer(b"t" * 32).kid


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@given(data=st.data())
def test_no_altered_token_verifies(alg: str, data: st.DataObject) -> None:
    """CVE-2022-39174, CVE-2022-39175: our own tokens, every single character."""
    signer = SIGNERS[alg]
    token = jws.render_access(signer, {"sub": "x", "scope": "openid"})
    at = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.sampled_from("ABCwxyz019-_.="))
    altered = token[:at] + put + token[at + 1 :]
    parts = split_compact(altered)
    if parts is None or altered == token:
        return
    read = jws.read_verified(signer, parts)
    # The last character of a base64url text may have bits that say nothing.
    same = all(raw(a) == raw(b) for a, b in zip(altered.split("."), token.split("."), strict=False))
    assert read is None or same


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@given(st.text(max_size=60) | st.text(alphabet="abc.-_=", max_size=40))
def test_any_text_is_split_or_not(text: str) -> None:
    parts = split_compact(text)
    assert parts is None or b".".join(parts).decode() == text
    if parts is not None:
        assert jws.read_verified(SIGNERS["EdDSA"], parts) is None
