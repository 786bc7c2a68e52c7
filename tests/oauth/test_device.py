"""The device flow (RFC 8628, reference oauth §6.5): a device without a keyboard, and a person with a browser elsewhere."""

from __future__ import annotations

from tests.oauth.provider import Provider

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


async def test_an_unknown_device_code_gives_nothing(provider: Provider) -> None:
    app = await provider.register(grant_types=[DEVICE_CODE], redirect_uris=None)
    answer = await app.post(grant_type=DEVICE_CODE, device_code="x" * 43)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    rows = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id"
    assert await provider.ask(rows, id=app.client_id) == 0
