"""Wrong answers leave rows that nobody can delete: one address gets so many, and locks out nobody else. On both engines."""

from __future__ import annotations

from collections.abc import Callable

from tests.identity.site import Site
from tests.lnurl.steps import HOST, answer, claim, new_wallet, reason_of, signed, start

MANY = 400


async def test_wrong_answers_from_one_address_come_to_an_end(make_site: Callable[..., Site]) -> None:
    site, wallet, wrong = make_site(rate_limit_login=300), new_wallet(), new_wallet()
    browser = site.browser()
    started = await start(browser)
    sent = signed(new_wallet(), started) | {"key": wrong.pubkey_hex(HOST)}
    attacker = site.browser(address="192.0.2.77")
    taken = 0
    while "Too many" not in reason_of(await attacker.get(started.callback, params=sent)):
        taken += 1
        assert taken < MANY
    for _ in range(3):
        assert "Too many" in reason_of(await attacker.get(started.callback, params=sent))
    query = "SELECT count(*) FROM audit_logs WHERE user_id = :u"
    assert await site.rows(query, u=wrong.pubkey_hex(HOST)) == [(taken,)]
    assert taken > 0
    # The person whose code it was signs in all the same.
    assert await answer(site, wallet, started) == {"status": "OK"}
    assert (await claim(browser, started))["pubkey"] == wallet.pubkey_hex(HOST)
