"""Adding a Lightning wallet to an account: its answer proves its key and signs in nobody. On both engines."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import timedelta
from typing import Any

import httpx

from hodlxxi.bitcoin.bech32 import decode_lnurl
from tests.identity.links import confirm
from tests.identity.people import new_owner
from tests.identity.site import Site, who
from tests.lnurl.steps import HOST, Started, answer, claim, new_wallet, start
from tests.lnurl.test_phone import shown
from tests.support.lnurl_wallet import LnurlWallet

CREATE = "/api/lnurl-auth/create"


async def begin(browser: httpx.AsyncClient) -> tuple[Started, dict[str, str]]:
    """``POST /api/lnurl-auth/create {"action":"link"}``: the code, and the link that it is for."""
    reply = await browser.post(CREATE, json={"action": "link"})
    assert reply.status_code == 200, reply.text
    found = reply.json()
    started = Started(**{name: found[name] for name in ("session_id", "lnurl", "k1", "claim_token")})
    return started, {"link_id": found["link_id"]}


async def signs_in_as(site: Site, wallet: LnurlWallet) -> str | None:
    """Whose account this wallet opens."""
    browser = site.browser()
    started = await start(browser)
    assert await answer(site, wallet, started) == {"status": "OK"}
    found: dict[str, Any] = await claim(browser, started)
    pubkey: str | None = found.get("pubkey")
    return pubkey


async def accounts(site: Site, wallet: LnurlWallet) -> int:
    """How many accounts this wallet's key has opened."""
    (row,) = await site.rows("SELECT count(*) FROM users WHERE pubkey = :k", k=wallet.pubkey_hex(HOST))
    return int(row[0])


async def test_a_wallet_is_added_by_its_answer_and_a_confirmation_and_never_by_the_answer_alone(
    site: Site,
) -> None:
    owner, wallet = await new_owner(site), new_wallet()
    key = wallet.pubkey_hex(HOST)
    started, link = await begin(owner.browser)
    assert "&action=link" in decode_lnurl(started.lnurl)
    assert await claim(owner.browser, started) == {"verified": False}
    assert await answer(site, wallet, started) == {"status": "OK"}
    told = await owner.browser.get(started.check)
    assert told.json() == {"verified": True, "link_id": link["link_id"], "key": key}
    assert "set-cookie" not in told.headers
    assert "event: verified" in (await owner.browser.get(started.events)).text
    # Proved, not added: and no account of its own.
    keys = [one["key"] for one in (await owner.browser.get("/api/keys")).json()["keys"]]
    assert keys == [owner.pubkey]
    assert await accounts(site, wallet) == 0
    shown_link = (await owner.browser.get(f"/api/keys/links/{link['link_id']}")).json()
    assert (shown_link["proved"], shown_link["key"], shown_link["kind"]) == (True, key, "lnurl")
    assert (await confirm(owner.browser, link, label="Phone")).status_code == 201
    assert await signs_in_as(site, wallet) == owner.pubkey
    assert await accounts(site, wallet) == 0
    assert await owner.events() == [("key_proved", True), ("key_added", True), ("lnurl_verified", True)]


async def test_the_answer_to_a_link_opens_no_session_for_anybody(site: Site) -> None:
    owner, wallet, stranger = await new_owner(site), new_wallet(), site.browser()
    started, _ = await begin(owner.browser)
    csrf = re.findall(r'name="csrf" value="([^"]+)"', (await owner.browser.get("/account")).text)[0]
    await answer(site, wallet, started)
    assert await claim(stranger, started) == {"verified": False}
    before = owner.browser.cookies["session"]
    form = {"csrf": csrf, "session_id": started.session_id, "next": "/account", "confirm": "1"}
    reply = await owner.browser.post("/login/lnurl", data=form)
    assert reply.status_code == 200
    assert owner.browser.cookies["session"] == before
    assert await who(owner.browser) == owner.pubkey
    assert await site.rows(
        "SELECT claimed_at FROM lnurl_challenges WHERE session_id = :i", i=started.session_id
    ) == [(None,)]
    gone = await owner.browser.get(f"/login/lnurl/{started.session_id}/confirm")
    assert gone.status_code == 303


async def test_a_link_needs_a_session_that_is_fresh(site: Site) -> None:
    nobody = await site.browser().post(CREATE, json={"action": "link"})
    assert (nobody.status_code, nobody.json()["error"]) == (401, "not_authenticated")
    owner = await new_owner(site)
    site.clock.advance(timedelta(minutes=5, seconds=1))
    stale = await owner.browser.post(CREATE, json={"action": "link"})
    assert (stale.status_code, stale.json()["error"]) == (403, "reauthentication_required")
    assert "set-cookie" not in stale.headers


async def test_a_wallet_that_has_an_account_is_told_the_way_out_at_the_confirmation(site: Site) -> None:
    owner, wallet = await new_owner(site), new_wallet()
    assert await signs_in_as(site, wallet) == wallet.pubkey_hex(HOST)
    started, link = await begin(owner.browser)
    assert await answer(site, wallet, started) == {"status": "OK"}
    refused = await confirm(owner.browser, link)
    assert (refused.status_code, refused.json()["error"]) == (409, "key_taken")
    assert await signs_in_as(site, wallet) == wallet.pubkey_hex(HOST)


async def test_the_first_wallet_proves_and_a_second_one_changes_nothing(site: Site) -> None:
    owner, first, second = await new_owner(site), new_wallet(), new_wallet()
    started, link = await begin(owner.browser)
    assert await answer(site, first, started) == {"status": "OK"}
    for wallet in (second, first):
        assert (await answer(site, wallet, started))["status"] == "ERROR"
    found = (await owner.browser.get(f"/api/keys/links/{link['link_id']}")).json()
    assert found["key"] == first.pubkey_hex(HOST)


async def test_of_many_wallets_at_once_one_proves(site: Site) -> None:
    owner = await new_owner(site)
    started, link = await begin(owner.browser)
    wallets = [new_wallet() for _ in range(8)]
    told = await asyncio.gather(*(answer(site, wallet, started) for wallet in wallets))
    winners = [wallet for wallet, one in zip(wallets, told, strict=True) if one == {"status": "OK"}]
    assert len(winners) == 1
    found = (await owner.browser.get(f"/api/keys/links/{link['link_id']}")).json()
    assert found["key"] == winners[0].pubkey_hex(HOST)


async def test_a_link_that_is_over_takes_no_answer(site: Site) -> None:
    owner, wallet = await new_owner(site), new_wallet()
    started, _ = await begin(owner.browser)
    site.clock.advance(timedelta(minutes=5))
    assert (await answer(site, wallet, started))["status"] == "ERROR"
    assert await accounts(site, wallet) == 0
    # Also where only the link is over, not yet the code.
    started, link = await begin(await owner.elsewhere(owner.keys[0]))
    await site.write("UPDATE key_links SET used_at = created_at WHERE link_id = :i", i=link["link_id"])
    assert (await answer(site, wallet, started))["status"] == "ERROR"
    assert await owner.events() == [("key_proved", False), ("key_proved", False)]


async def test_a_wrong_signature_proves_nothing_and_spoils_nothing(site: Site) -> None:
    owner, wallet = await new_owner(site), new_wallet()
    started, link = await begin(owner.browser)
    other, _ = await begin((await new_owner(site)).browser)
    url = wallet.answer_url(other.lnurl).replace(other.session_id, started.session_id)
    url = re.sub(r"k1=[0-9a-f]{64}", f"k1={started.k1}", url)
    assert (await site.browser().get(url)).json()["status"] == "ERROR"
    assert not (await owner.browser.get(f"/api/keys/links/{link['link_id']}")).json()["proved"]
    assert await answer(site, wallet, started) == {"status": "OK"}


async def test_another_session_cannot_confirm_what_a_wallet_proved(site: Site) -> None:
    owner, thief, wallet = await new_owner(site), await new_owner(site), new_wallet()
    started, link = await begin(owner.browser)
    await answer(site, wallet, started)
    for browser in (thief.browser, await owner.elsewhere(owner.keys[0])):
        assert (await confirm(browser, link)).status_code == 404


async def test_the_phone_says_that_a_wallet_is_to_be_added_and_to_which_account(site: Site) -> None:
    """wallet 1: a relayed link would put the victim's wallet into the attacker's account."""
    owner = await new_owner(site)
    started, _ = await begin(owner.browser)
    page = await site.browser().get(f"/login/lnurl/{started.session_id}", headers={"Accept": "text/html"})
    assert shown(page, "match-account") == f"{owner.pubkey[:6]}…{owner.pubkey[-4:]}"
    assert owner.pubkey not in page.text
    assert "this wallet would sign in to their account" in page.text


async def test_the_page_for_a_new_key_takes_a_lightning_wallet_without_script(site: Site) -> None:
    owner, wallet = await new_owner(site), new_wallet()
    page = await owner.browser.get("/account/keys/new", headers={"Accept": "text/html"})
    while page.status_code == 303:
        page = await owner.browser.get(page.headers["location"], headers={"Accept": "text/html"})
    (lnurl,) = re.findall(r'href="lightning:(LNURL1[0-9A-Z]+)"', page.text)
    (form,) = re.findall(r'<form id="lnurl-form".*?</form>', page.text, re.DOTALL)
    link = html.unescape(re.findall(r'name="link" value="([^"]*)"', form)[0])
    assert re.findall(r'id="match-code">([^<]+)<', page.text)
    assert (await site.browser().get(wallet.answer_url(lnurl))).json() == {"status": "OK"}
    ask = await owner.browser.get("/account/keys/new", params={"link": link})
    assert 'data-page="confirm-key"' in ask.text
    assert wallet.pubkey_hex(HOST) in ask.text
