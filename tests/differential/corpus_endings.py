"""Introspection, devices, and signing out."""

from __future__ import annotations

from tests.differential.case import (
    BYE,
    CALLBACK,
    Case,
    introspects,
    leaves,
    polls,
    redeems,
    refreshes,
    starts,
)

OK, BAD, CLIENT, GRANT = "200", "400: invalid_request", "401: invalid_client", "400: invalid_grant"
ACTIVE, INACTIVE = "200 active", "200 inactive"
TOKENS, MAY_NOT = "200 Bearer id_token refresh_token", "400: unauthorized_client"
JSON = {"Content-Type": "application/json"}

INTROSPECTION = [
    introspects("an access token", ACTIVE),
    introspects("by post", ACTIVE, role="two"),
    introspects("a refresh token", ACTIVE, token="@refresh@"),
    introspects("a client's token for itself", ACTIVE, role="service", token="@client-access@"),
    introspects("with a hint", ACTIVE, token_type_hint="access_token"),
    introspects("with a wrong hint", ACTIVE, token_type_hint="refresh_token"),
    introspects("with an unknown hint", ACTIVE, token_type_hint="magic"),
    introspects("an unknown token", INACTIVE, token="x" * 43),
    introspects("nonsense", INACTIVE, token="\u2028é"),
    introspects("a code", INACTIVE, token="@code@"),
    introspects("an ID token", INACTIVE, token="@id-token@"),
    introspects("a revoked access token", INACTIVE, token="@revoked-access@"),
    introspects("a revoked refresh token", INACTIVE, token="@revoked-refresh@"),
    introspects("a used refresh token", INACTIVE, token="@used-refresh@"),
    introspects("a token after its code's replay", INACTIVE, token="@access-of-replayed-code@"),
    introspects("another app's access token", INACTIVE, token="@access:two@"),
    introspects("another app's refresh token", INACTIVE, token="@refresh:two@"),
    introspects("a token for an API", ACTIVE, token="@access-for-api@"),
    introspects("an altered token", INACTIVE, token="@access@x"),
    introspects("no token", BAD, token=None),
    introspects("empty token", BAD, token=""),
    introspects("token twice", BAD, token=["a", "b"]),
    introspects("no client", CLIENT, auth="nothing"),
    introspects("a wrong secret", CLIENT, auth="wrong basic"),
    introspects("an unknown client", CLIENT, auth="stranger basic"),
    introspects("basic and post", BAD, auth="both"),
    introspects("a public client", CLIENT, role="spa"),
    introspects("by GET", "405: method_not_allowed", method="GET"),
    introspects("in JSON", BAD, headers=JSON),
]

DEVICES = [
    starts("all is right", OK),
    starts("of an app with a secret", OK, role="desk"),
    starts("no scope", OK, scope=None),
    starts("an unknown scope", "400: invalid_scope", scope="nothing"),
    starts("a scope that the app may not have", "400: invalid_scope", scope="openid chat"),
    starts("a broken scope", "400: invalid_scope", scope='"'),
    starts("scope twice", BAD, scope=["openid", "openid"]),
    starts("an API", OK, resource="https://api.example/one"),
    starts("an unknown API", "400: invalid_target", resource="https://api.example/three"),
    starts("no client", CLIENT, auth="nothing"),
    starts("an unknown client", CLIENT, auth="stranger id"),
    starts("a wrong secret", CLIENT, role="desk", auth="wrong basic"),
    starts("no secret", CLIENT, role="desk", auth="id"),
    starts("a client that may not", MAY_NOT, role="web"),
    starts("by GET", "405: method_not_allowed", method="GET"),
    starts("in JSON", BAD, headers=JSON),
    polls("too early", "400: authorization_pending"),
    polls("too early, twice at once", "400: slow_down", device_code="@polled-device-code@"),
    polls("allowed", TOKENS, device_code="@allowed-device-code@"),
    polls("allowed, with a secret", TOKENS, role="desk", device_code="@allowed-device-code@"),
    polls("denied", "400: access_denied", device_code="@denied-device-code@"),
    polls("used before", GRANT, device_code="@spent-device-code@"),
    polls("unknown", GRANT, device_code="x" * 43),
    polls("of another app", GRANT, device_code="@allowed-device-code:desk@"),
    polls("the user's code", GRANT, device_code="@user-code@"),
    polls("missing", BAD, device_code=None),
    polls("empty", BAD, device_code=""),
    polls("twice", BAD, device_code=["a", "b"]),
    polls("no client", CLIENT, auth="nothing"),
    polls("an app that may not", MAY_NOT, role="web", device_code="x" * 43),
    polls("a code", GRANT, device_code="@code:web@"),
    redeems("a device's code", GRANT, code="@allowed-device-code:tv@"),
    refreshes("of a device", TOKENS, role="tv", refresh_token="@device-refresh@"),
]

GOODBYE, ASKS = "redirect: goodbye", "asks, page: logged-out"
# Asks with a note about what is wrong, and shows it again when signed out: nobody is redirected.
ASKS_400 = "asks, page 400: invalid_request"
LOGOUT = [
    leaves("hint and address", GOODBYE, id_token_hint="@own-id-token@", post_logout_redirect_uri=BYE),
    leaves(
        "hint, address and state",
        GOODBYE,
        id_token_hint="@own-id-token@",
        post_logout_redirect_uri=BYE,
        state="s t&1",
    ),
    leaves("by POST", GOODBYE, method="POST", id_token_hint="@own-id-token@", post_logout_redirect_uri=BYE),
    leaves("hint alone", "page: logged-out", id_token_hint="@own-id-token@"),
    leaves("hint and client_id", "page: logged-out", id_token_hint="@own-id-token@", client_id="@id@"),
    leaves(
        "hint and another client_id",
        ASKS_400,
        id_token_hint="@own-id-token@",
        client_id="@id:two@",
    ),
    leaves(
        "hint of somebody else",
        "asks, redirect: goodbye",
        id_token_hint="@id-token@",
        post_logout_redirect_uri=BYE,
    ),
    leaves(
        "hint of another app",
        ASKS_400,
        id_token_hint="@id-token:two@",
        post_logout_redirect_uri=BYE,
    ),
    leaves(
        "altered hint",
        ASKS_400,
        id_token_hint="@own-id-token@x",
        post_logout_redirect_uri=BYE,
    ),
    leaves("hint that is none", ASKS_400, id_token_hint="hello", post_logout_redirect_uri=BYE),
    leaves(
        "another address",
        ASKS_400,
        id_token_hint="@own-id-token@",
        post_logout_redirect_uri="https://evil.example/",
    ),
    leaves(
        "a redirect_uri",
        ASKS_400,
        id_token_hint="@own-id-token@",
        post_logout_redirect_uri=CALLBACK,
    ),
    leaves(
        "an address with a query more",
        ASKS_400,
        id_token_hint="@own-id-token@",
        post_logout_redirect_uri=f"{BYE}&a=b",
    ),
    leaves("address without a hint", ASKS_400, post_logout_redirect_uri=BYE),
    leaves(
        "address and client_id", "asks, redirect: goodbye", client_id="@id@", post_logout_redirect_uri=BYE
    ),
    leaves(
        "address and unknown client_id",
        ASKS_400,
        client_id="app_nobody",
        post_logout_redirect_uri=BYE,
    ),
    leaves("nothing", ASKS),
    leaves("state alone", ASKS, state="s"),
    leaves(
        "hint and address, signed out",
        GOODBYE,
        who="out",
        id_token_hint="@id-token@",
        post_logout_redirect_uri=BYE,
    ),
    leaves("nothing, signed out", "page: logged-out", who="out"),
]

ENDING_CASES: list[Case] = [*INTROSPECTION, *DEVICES, *LOGOUT]
