"""The wallet's answer over HTTP, on both engines: 200 and JSON whatever happens (LUD-01), and the first valid one wins."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from coincurve import PublicKey

from tests.identity.site import Site, new_key, sign_in
from tests.lnurl.steps import (
    HOST,
    Started,
    answer,
    claim,
    known_browser,
    new_wallet,
    reason_of,
    signed,
    start,
    told,
)
from tests.support.lnurl_wallet import LnurlWallet

Pairs = list[tuple[str, str]]
OVER = "This login has expired or was already used. Start again in the browser."
WRONG = "The signature does not match this login."


async def test_a_wallet_answers_what_its_code_holds(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    assert await answer(site, wallet, started) == {"status": "OK"}
    (row,) = await site.rows(
        "SELECT verified, pubkey, user_id FROM lnurl_challenges WHERE session_id = :i", i=started.session_id
    )
    assert (bool(row.verified), row.pubkey, row.user_id) == (True, wallet.pubkey_hex(HOST), row.pubkey)


async def test_the_callback_signs_nobody_in(site: Site) -> None:
    wallet, phone = new_wallet(), site.browser()
    reply = await phone.get(wallet.answer_url((await start(site.browser())).lnurl))
    assert told(reply) == {"status": "OK"}
    assert "set-cookie" not in reply.headers
    user = wallet.pubkey_hex(HOST)
    assert await site.rows("SELECT 1 FROM sessions WHERE user_id = :u", u=user) == []


async def test_a_wallet_that_drops_our_query_is_understood(site: Site) -> None:
    wallet, started = new_wallet(), await start(site.browser())
    sent = signed(wallet, started)
    reply = await site.browser().get(started.callback, params={"key": sent["key"], "sig": sent["sig"]})
    assert told(reply) == {"status": "OK"}


async def test_upper_case_hex_is_the_same_key(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    sent = {name: value.upper() for name, value in signed(wallet, started).items()}
    assert told(await site.browser().get(started.callback, params=sent)) == {"status": "OK"}
    assert (await claim(browser, started))["pubkey"] == wallet.pubkey_hex(HOST)


def _without(name: str) -> Callable[[dict[str, str]], Pairs]:
    return lambda sent: [(key, value) for key, value in sent.items() if key != name]


def _with(name: str, spoil: Callable[[str], str]) -> Callable[[dict[str, str]], Pairs]:
    return lambda sent: list((sent | {name: spoil(sent[name])}).items())


def _again(name: str, spoil: Callable[[str], str] = lambda text: text) -> Callable[[dict[str, str]], Pairs]:
    return lambda sent: [*sent.items(), (name, spoil(sent[name]))]


def _uncompressed(key: str) -> str:
    return PublicKey(bytes.fromhex(key)).format(compressed=False).hex()


def _other_signature(message: Callable[[bytes], bytes]) -> Callable[[dict[str, str]], Pairs]:
    def spoil(sent: dict[str, str]) -> Pairs:
        wallet = LnurlWallet(b"a wallet that signs something else")
        key = wallet.linking_key(HOST)
        signature = key.sign(message(bytes.fromhex(sent["k1"])), hasher=None).hex()
        return [("k1", sent["k1"]), ("sig", signature), ("key", wallet.pubkey_hex(HOST))]

    return spoil


BAD_ANSWERS = [
    pytest.param(_without("sig"), id="no signature"),
    pytest.param(_without("key"), id="no key"),
    pytest.param(lambda _: [], id="nothing"),
    pytest.param(_again("k1"), id="k1 twice, the same"),
    pytest.param(_again("k1", lambda _: "0" * 64), id="k1 twice, another"),
    pytest.param(_again("sig"), id="sig twice"),
    pytest.param(_again("key"), id="key twice"),
    pytest.param(_with("k1", lambda _: "0" * 64), id="another k1"),
    pytest.param(_with("k1", lambda text: text[:-2]), id="a short k1"),
    pytest.param(_with("k1", lambda text: text + "00"), id="a long k1"),
    pytest.param(_with("k1", lambda text: f" {text[1:]}"), id="a space in k1"),
    pytest.param(_with("k1", lambda text: f"0x{text}"), id="0x"),
    pytest.param(_with("k1", lambda text: f"{text}\n"), id="a newline"),
    pytest.param(_with("k1", lambda text: f"{text}\0"), id="NUL"),
    pytest.param(_with("sig", lambda text: text[:-2]), id="a short signature"),
    pytest.param(_with("sig", lambda text: text + "00"), id="a byte after the signature"),
    pytest.param(_with("sig", lambda text: text * 100), id="a huge signature"),
    pytest.param(_with("sig", lambda _: "<script>alert(1)</script>"), id="markup"),
    pytest.param(_with("key", _uncompressed), id="an uncompressed key"),
    pytest.param(_with("key", lambda key: "06" + _uncompressed(key)[2:]), id="a hybrid key"),
    pytest.param(_with("key", lambda _: "02" + "ff" * 32), id="no point"),
    pytest.param(_with("key", lambda _: new_wallet().pubkey_hex(HOST)), id="somebody else's key"),
    pytest.param(_with("key", lambda _: "ключ"), id="letters"),
    pytest.param(_other_signature(lambda k1: hashlib.sha256(k1).digest()), id="a signed hash of k1"),
    pytest.param(_other_signature(lambda _: bytes(32)), id="a signed other k1"),
    pytest.param(lambda sent: [*sent.items(), *(("x", "1") for _ in range(200))], id="200 parameters"),
    pytest.param(lambda sent: [*sent.items(), ("x", "1" * 20_000)], id="a huge query"),
]


@pytest.mark.parametrize("spoil", BAD_ANSWERS)
async def test_a_bad_answer_gets_a_reason_echoes_nothing_and_ends_nothing(
    site: Site, spoil: Callable[[dict[str, str]], Pairs]
) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    sent = spoil(signed(wallet, started))
    reason = reason_of(await site.browser().get(started.callback, params=tuple(sent)))
    assert reason
    assert [value for _, value in sent if len(value) > 3 and value in reason] == []
    assert await claim(browser, started) == {"verified": False}
    assert await answer(site, wallet, started) == {"status": "OK"}


@pytest.mark.parametrize("query", ["k1=%ff", "sig=%C3%28&key=02", "%00=1", "&&&==;", "k1=%zz&sig&key"])
async def test_a_query_that_is_none_gets_a_reason_too(site: Site, query: str) -> None:
    started = await start(site.browser())
    assert reason_of(await site.browser().get(f"{started.callback}?{query}"))


async def test_an_empty_k1_counts_as_none(site: Site) -> None:
    wallet, started = new_wallet(), await start(site.browser())
    sent = signed(wallet, started) | {"k1": ""}
    assert told(await site.browser().get(started.callback, params=sent)) == {"status": "OK"}


async def test_unknown_used_and_expired_are_one_reason(site: Site) -> None:
    wallet = new_wallet()
    used, expired = await start(site.browser()), await start(site.browser())
    assert await answer(site, wallet, used) == {"status": "OK"}
    sent = {one.session_id: signed(wallet, one) for one in (used, expired)}
    site.clock.advance(300)
    paths = [
        (used.callback, sent[used.session_id]),
        (expired.callback, sent[expired.session_id]),
        ("/api/lnurl-auth/callback/" + "0" * 32, sent[used.session_id]),
        ("/api/lnurl-auth/callback/no-such-id", sent[used.session_id]),
        ("/api/lnurl-auth/callback/%00%ff", sent[used.session_id]),
    ]
    reasons = [reason_of(await site.browser().get(path, params=params)) for path, params in paths]
    assert set(reasons) == {OVER}


async def test_a_login_ends_after_five_minutes(site: Site) -> None:
    """wallet 1: expired."""
    early, late = await start(site.browser()), await start(site.browser())
    site.clock.advance(299)
    assert await answer(site, new_wallet(), early) == {"status": "OK"}
    site.clock.advance(1)
    assert await answer(site, new_wallet(), late) == {"status": "ERROR", "reason": OVER}


async def test_a_replay_and_a_second_key_gain_nothing_and_spoil_nothing(site: Site) -> None:
    """wallet 1: a second signer gains nothing."""
    first, second, browser = new_wallet(), new_wallet(), site.browser()
    started = await start(browser)
    assert await answer(site, first, started) == {"status": "OK"}
    for wallet in (first, second, second):
        assert await answer(site, wallet, started) == {"status": "ERROR", "reason": OVER}
    assert (await claim(browser, started))["pubkey"] == first.pubkey_hex(HOST)
    assert await answer(site, second, started) == {"status": "ERROR", "reason": OVER}
    assert await site.rows("SELECT 1 FROM users WHERE pubkey = :k", k=second.pubkey_hex(HOST)) == []


async def test_an_answer_for_one_login_is_none_for_another(site: Site) -> None:
    wallet, mine, other = new_wallet(), await start(site.browser()), await start(site.browser())
    sent = signed(wallet, mine)
    assert reason_of(await site.browser().get(other.callback, params=sent)) == WRONG
    without_k1 = {"sig": sent["sig"], "key": sent["key"]}
    assert reason_of(await site.browser().get(other.callback, params=without_k1)) == WRONG


async def test_of_fifty_answers_with_one_key_one_wins(site: Site) -> None:
    wallet, started = new_wallet(), await start(site.browser())
    found = await asyncio.gather(*(answer(site, wallet, started) for _ in range(50)))
    assert sorted(one["status"] for one in found) == ["ERROR"] * 49 + ["OK"]


async def test_of_thirty_racing_keys_one_gets_an_account(site: Site) -> None:
    wallets, started = [new_wallet() for _ in range(30)], await start(site.browser())
    found = await asyncio.gather(*(answer(site, wallet, started) for wallet in wallets))
    (winner,) = [wallet for wallet, one in zip(wallets, found, strict=True) if one["status"] == "OK"]
    for wallet in wallets:
        rows = await site.rows("SELECT 1 FROM user_keys WHERE key = :k", k=wallet.pubkey_hex(HOST))
        assert rows == ([(1,)] if wallet is winner else [])


async def test_a_closed_account_is_told_so(site: Site) -> None:
    wallet = new_wallet()
    assert await answer(site, wallet, await start(site.browser())) == {"status": "OK"}
    user = wallet.pubkey_hex(HOST)
    await site.write("UPDATE users SET disabled_at = '2042-01-05 11:00:00+00' WHERE pubkey = :u", u=user)
    browser = site.browser()
    started = await start(browser)
    refused = await answer(site, wallet, started)
    assert refused == {"status": "ERROR", "reason": "This account is closed or disabled."}
    assert await claim(browser, started) == {"verified": False}


async def test_a_wallet_inside_a_page_may_call_from_any_origin_without_credentials(site: Site) -> None:
    wallet, started = new_wallet(), await start(site.browser())
    origin = {"Origin": "https://wallet.example"}
    bad = await site.browser().get(started.callback, headers=origin)
    good = await site.browser().get(wallet.answer_url(started.lnurl), headers=origin)
    for reply in (bad, good):
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in reply.headers
    assert (told(bad)["status"], told(good)["status"]) == ("ERROR", "OK")


async def test_the_callback_ignores_who_is_signed_in_where_the_wallet_runs(site: Site) -> None:
    wallet, browser, elsewhere = new_wallet(), known_browser(site), site.browser()
    session = await sign_in(elsewhere, new_key())
    started = await start(browser)
    reply = await elsewhere.get(wallet.answer_url(started.lnurl))
    assert told(reply) == {"status": "OK"}
    assert elsewhere.cookies["session"] == session
    assert (await claim(browser, started))["pubkey"] == wallet.pubkey_hex(HOST)


NOWHERE = Started("0" * 32, "", "0" * 64, "")


async def test_an_outage_is_a_reason_too(open_sites: Callable[..., Site], tmp_path: Path) -> None:
    site = open_sites(database_url=f"sqlite:///{tmp_path / 'no such folder' / 'test.db'}")
    reply = await site.browser().get(NOWHERE.callback, params=_any_answer())
    assert reason_of(reply) == "The database does not answer. Please try again in a moment."


async def test_a_bug_is_a_reason_with_the_requests_id_and_is_logged(
    open_sites: Callable[..., Site], tmp_path: Path
) -> None:
    site = open_sites(database_url=f"sqlite:///{tmp_path / 'without_tables.db'}")
    with structlog.testing.capture_logs() as logs:
        reply = await site.browser().get(NOWHERE.callback, params=_any_answer())
    reason = reason_of(reply)
    assert reply.headers["x-request-id"] in reason
    assert "lnurl_challenges" not in reason
    bugs: list[Any] = [line for line in logs if line["event"] == "bug"]
    assert [(bug["log_level"], bug["exc_info"]) for bug in bugs] == [("error", True)]


def _any_answer() -> dict[str, str]:
    key = LnurlWallet(b"any wallet").linking_key(HOST)
    return {"sig": key.sign(bytes(32), hasher=None).hex(), "key": key.public_key.format().hex()}
