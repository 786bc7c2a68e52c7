"""What people try with a sign-in by wallet (reference oauth §7.3), where the other tests of this folder leave off."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.identity.site import Site, ask_challenge, new_key, prove, sign_in, who
from tests.lnurl.steps import HOST, answer, claim, new_wallet, start


async def test_a_login_goes_on_after_a_restart_for_its_own_browser_only(
    make_site: Callable[..., Site],
) -> None:
    """wallet 1: what binds a login to its browser is in the database."""
    before, after = make_site(), make_site()
    wallet, browser = new_wallet(), before.browser()
    started = await start(browser)
    assert await answer(before, wallet, started) == {"status": "OK"}
    stranger = after.browser()
    assert await claim(stranger, started) == {"verified": False}
    again = after.browser()
    holder = {"Authorization": f"Bearer {started.claim_token}"}
    assert (await claim(again, started, **holder))["pubkey"] == wallet.pubkey_hex(HOST)
    assert await claim(again, started, **holder) == {"verified": False}
    # And for the browser itself, by the cookie that it got before the restart.
    assert await claim(browser, started) == {"verified": False}


async def test_a_code_shown_by_a_look_alike_site_signs_in_nobody_there(site: Site) -> None:
    """wallet 1: the relay of lnurl/luds#257: the victim's wallet signs for our domain, the attacker cannot collect."""
    attacker, victim, wallet = site.browser(), site.browser(), new_wallet()
    shown = await start(attacker)
    attacker.cookies.clear()  # a page on another domain has the code, not our cookie
    assert await answer(site, wallet, shown) == {"status": "OK"}
    for secret in ("", shown.session_id, shown.k1, shown.lnurl):
        assert await claim(attacker, shown, Authorization=f"Bearer {secret}") == {"verified": False}
    assert await who(attacker) is None
    assert await who(victim) is None


@pytest.mark.parametrize("place", ["query", "header", "body"])
async def test_nobody_is_who_they_say_they_are_in_a_field(site: Site, place: str) -> None:
    """wallet 6: identity comes from a session or a token, never from a ``pubkey`` that is sent along.

    (Sockets are not served yet: there is nothing at their path.)
    """
    victim, mallory = new_key(), new_key()
    await sign_in(site.browser(), victim)
    browser = site.browser()
    said = {"pubkey": victim.pubkey_hex, "user_id": victim.pubkey_hex, "sub": victim.pubkey_hex}
    sent: dict[str, dict[str, str]] = {
        "query": {"params": said},
        "header": {"headers": {"X-Pubkey": victim.pubkey_hex, "X-User": victim.pubkey_hex}},
        "body": {"json": said},
    }[place]  # type: ignore[assignment]
    for path in ("/api/session", "/api/sessions", "/api/account", "/api/keys", "/oauth/userinfo"):
        reply = await browser.request("GET", path, **sent)  # type: ignore[arg-type]
        assert reply.status_code == 401, path
    await sign_in(browser, mallory)
    reply = await browser.request("GET", "/api/session", **sent)  # type: ignore[arg-type]
    assert reply.json()["pubkey"] == mallory.pubkey_hex
    challenge = await ask_challenge(browser)
    posed = await prove(browser, mallory, challenge, pubkey=victim.pubkey_hex)
    assert posed.status_code == 401
    assert (await browser.get("/socket.io/", params=said)).status_code == 404
