"""Differences at the endpoints that programs call."""

from __future__ import annotations

from tests.differential.reason import Reason, names


def _code(*rest: str) -> tuple[str, ...]:
    return names("token: code, ", *rest)


TOKENS, BAD = "200 Bearer id_token refresh_token", "400: invalid_request"

TOKEN_REASONS = [
    Reason(
        "redirect_uri at the token endpoint",
        "OAuth 2.1 §4.1.3 has dropped it there: PKCE binds the code. What is sent is compared, by both.",
        {BAD: _code("no redirect_uri, two registered")},
    ),
    Reason(
        "A verifier of the wrong shape",
        "It is a wrong verifier: `invalid_grant` (RFC 7636 §4.6), and it counts as an attempt. After five of them "
        "the code is spent; the peer allows any number.",
        {
            BAD: _code("a short code_verifier", "a long code_verifier", "a code_verifier with a space"),
            TOKENS: _code("code after five wrong verifiers"),
        },
    ),
    Reason(
        "Client authentication failed",
        "RFC 6749 §5.2 names missing, unknown and unsupported authentication as `invalid_client`; a header that "
        "cannot be read is no better.",
        {
            BAD: (
                *_code(
                    "an empty secret",
                    "no client",
                    "a public client by basic",
                    "Authorization of another scheme",
                    "Authorization that is no base64",
                    "Authorization without a colon",
                    "Authorization without anything",
                    "Authorization with a broken escape",
                ),
                "revoke: no client",
                "par: no client",
                "introspect: no client",
                "device_authorization: no client",
                "token: device, no client",
                "token: client, no client",
            )
        },
    ),
    Reason(
        "The client may not use this grant",
        "`unauthorized_client` is the word for it (RFC 6749 §5.2).",
        {
            BAD: (
                "token: refresh, an app that may not",
                "token: refresh, of a client for itself",
                "token: client, an app that may not",
                "token: client, a public app",
                "device_authorization: a client that may not",
                "token: device, an app that may not",
                *_code("of a client for itself"),
            )
        },
    ),
    Reason(
        "Forms are read strictly",
        "RFC 6749 §3.2: no parameter twice; and a form is UTF-8 without NUL, also where nobody looks.",
        {TOKENS: _code("an unknown parameter twice", "that is no UTF-8", "with a NUL")},
    ),
    Reason(
        "A refresh whose answer got lost",
        "Within 30 seconds the same request gets the same answer again, as long as its tokens were not used "
        "(`OAUTH_REFRESH_GRACE_S`; 0 turns it off). A real second use ends the family, with both.",
        {"400: invalid_grant": ("token: refresh, used a moment ago",)},
    ),
    Reason(
        "JWT access tokens stand in the database too",
        "So ours can be revoked and introspected. The peer keeps only those that are random texts.",
        {"400: unsupported_token_type": ("revoke: a token for an API", "introspect: a token for an API")},
    ),
    Reason(
        "Calls without a token that can be read",
        "A token in the URL is ignored, and a request without one gets no error code in its challenge (RFC 6750 "
        "§3.1). A bearer header without one token is a malformed token: `invalid_token`.",
        {
            BAD: (
                "userinfo: in the query",
                "userinfo: another scheme",
                "userinfo: no token",
                "userinfo: two tokens",
            ),
            "401: invalid_token": ("userinfo: nothing",),
        },
    ),
    Reason(
        "A client's token for itself at userinfo",
        "The token is right, and it has not the scope `openid`: 403 `insufficient_scope` (RFC 6750 §3.1).",
        {"401: invalid_token": ("userinfo: the token of a client for itself",)},
    ),
    Reason(
        "A sign-in may always read userinfo",
        "With `openid` a token for this server can be had whichever API the grant names; at the peer it is the token that "
        "one gets without `resource`.",
        {"400: invalid_target": _code("for this server after an API")},
    ),
    Reason(
        "A client asks for a scope that nobody knows",
        "As at the authorization endpoint: nothing is left, so it is refused.",
        {"200 Bearer": ("token: client, an unknown scope",)},
    ),
    Reason(
        "Pushing",
        "A client that proved itself by a header has named itself and need not repeat its `client_id`. A `request_uri` in a "
        "pushed request is `invalid_request` (RFC 9126 §2.1: it must not be sent).",
        {
            BAD: ("par: without client_id",),
            "400: request_uri_not_supported": ("par: a request_uri", "par: a request_uri that was pushed"),
        },
    ),
]
