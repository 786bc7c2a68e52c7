"""Tokens of clients for themselves, and tokens for one API or another."""

from __future__ import annotations

from tests.differential.case import (
    API,
    OTHER_API,
    Case,
    asks,
    calls,
    credits_itself,
    redeems,
    refreshes,
    revokes,
)

OK, OWN = "200 Bearer id_token refresh_token", "200 Bearer"
BAD, CLIENT, SCOPE = "400: invalid_request", "401: invalid_client", "400: invalid_scope"
MAY_NOT, TARGET = "400: unauthorized_client", "400: invalid_target"
SIGN_IN, REFUSED = "page: sign-in", "redirect: invalid_target"

CLIENT_CREDENTIALS = [
    credits_itself("all is right", OWN),
    credits_itself("by post", OWN, auth="post"),
    credits_itself("a scope", OWN, scope="wallet:read"),
    credits_itself("every scope", OWN, scope="wallet:read profile:read"),
    credits_itself("empty scope", OWN, scope=""),
    credits_itself("an unknown scope", SCOPE, scope="nothing"),
    credits_itself("an unknown scope more", OWN, scope="wallet:read nothing"),
    credits_itself("a scope of others", SCOPE, scope="chat"),
    credits_itself("a scope of people", SCOPE, scope="openid"),
    credits_itself("offline_access", SCOPE, scope="offline_access"),
    credits_itself("a broken scope", SCOPE, scope='"'),
    credits_itself("scope twice", BAD, scope=["wallet:read", "wallet:read"]),
    credits_itself("for an API", OWN, resource=API, scope="wallet:read"),
    credits_itself("for this server", OWN, resource="@issuer@", scope="wallet:read"),
    credits_itself("for two APIs", TARGET, resource=[API, OTHER_API]),
    credits_itself("for an unknown API", TARGET, resource="https://api.example/three"),
    credits_itself("for what is no URI", TARGET, resource="api"),
    credits_itself("a wrong secret", CLIENT, auth="wrong basic"),
    credits_itself("no secret", CLIENT, auth="id"),
    credits_itself("no client", CLIENT, auth="nothing"),
    credits_itself("basic and post", BAD, auth="both"),
    credits_itself("an app that may not", MAY_NOT, role="web"),
    credits_itself("a public app", MAY_NOT, role="spa"),
    credits_itself("with a code", OWN, code="@code:web@"),
    redeems("of a client for itself", MAY_NOT, role="service", code="@code:web@", redirect_uri=None),
    refreshes("of a client for itself", MAY_NOT, role="service", refresh_token="@refresh:web@"),
    revokes("the token of a client for itself", "200", role="service", token="@client-access@"),
    calls(
        "the token of a client for itself",
        "403: insufficient_scope",
        headers={"Authorization": "Bearer @client-access@"},
    ),
    asks("a client without redirect URIs", "page 400: invalid_request", role="service"),
    asks(
        "a client without redirect URIs sends none",
        "page 400: invalid_request",
        role="service",
        redirect_uri=None,
        scope="profile:read",
    ),
]

RESOURCES = [
    asks("an API", SIGN_IN, resource=API),
    asks("two APIs", SIGN_IN, resource=[API, OTHER_API]),
    asks("an API with a slash more", REFUSED, resource=f"{API}/"),
    asks("an API with a query", REFUSED, resource=f"{API}?a=b"),
    asks("an API in capitals", REFUSED, resource=API.replace("api", "API")),
    redeems("for an API", OK, code="@code-for-api@", resource=API),
    redeems("for the API of the request", OK, code="@code-for-api@"),
    redeems("for another API than asked for", TARGET, code="@code-for-api@", resource=OTHER_API),
    redeems("for this server after an API", OK, code="@code-for-api@", resource="@issuer@"),
    redeems("for one of two APIs", OK, code="@code-for-apis@", resource=OTHER_API),
    redeems("for two of two APIs", TARGET, code="@code-for-apis@", resource=[API, OTHER_API]),
    redeems("for an API without a word before", TARGET, resource=API),
    refreshes("for the same API", OK, refresh_token="@refresh-for-api@", resource=API),
    refreshes("for another API", TARGET, refresh_token="@refresh-for-api@", resource=OTHER_API),
    refreshes("for what is no URI", TARGET, resource="api"),
    calls(
        "the token for another API",
        "401: invalid_token",
        headers={"Authorization": "Bearer @access-for-api@"},
    ),
    revokes("a token for an API", "200", token="@access-for-api@"),
]

API_CASES: list[Case] = [*CLIENT_CREDENTIALS, *RESOURCES]
