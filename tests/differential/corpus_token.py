"""Token, revocation and userinfo requests."""

from __future__ import annotations

from tests.differential.case import CALLBACK, Case, calls, redeems, refreshes, revokes

OK = "200 Bearer id_token refresh_token"
BAD, GRANT, CLIENT = "400: invalid_request", "400: invalid_grant", "401: invalid_client"
JSON = {"Content-Type": "application/json"}

CODE = [
    redeems("all is right", OK),
    redeems("all is right, by post", OK, auth="post"),
    redeems("all is right, of a public client", OK, role="spa"),
    redeems("no refresh token registered", "200 Bearer id_token", role="narrow"),
    redeems("registered for post, by basic", OK, role="two", auth="basic"),
    redeems("without openid", "200 Bearer refresh_token", code="@code-without-openid@"),
    redeems("no code", BAD, code=None),
    redeems("empty code", BAD, code=""),
    redeems("code twice", BAD, code=["@code@", "@code@"]),
    redeems("unknown code", GRANT, code="x" * 43),
    redeems("code of nonsense", GRANT, code="é\u2028\U0001f600"),
    redeems("spent code", GRANT, code="@spent-code@"),
    redeems("code of another app", GRANT, code="@code:two@"),
    redeems("code of another app, public", GRANT, role="spa", code="@code:web@"),
    redeems("code after a wrong verifier", OK, code="@tried-code@"),
    redeems("code after five wrong verifiers", GRANT, code="@guessed-code@"),
    redeems("a refresh token as code", GRANT, code="@refresh@"),
    redeems("no redirect_uri", OK, redirect_uri=None),
    redeems(
        "no redirect_uri, two registered", "200 Bearer id_token refresh_token", role="two", redirect_uri=None
    ),
    redeems("empty redirect_uri", OK, redirect_uri=""),
    redeems("another redirect_uri", GRANT, redirect_uri="https://evil.example/"),
    redeems(
        "the other registered redirect_uri",
        GRANT,
        role="two",
        redirect_uri=CALLBACK,
        code="@second-uri-code@",
    ),
    redeems("redirect_uri twice", BAD, redirect_uri=[CALLBACK, CALLBACK]),
    redeems("no code_verifier", GRANT, code_verifier=None),
    redeems("no code_verifier, public", GRANT, role="spa", code_verifier=None),
    redeems("empty code_verifier", GRANT, code_verifier=""),
    redeems("a wrong code_verifier", GRANT, code_verifier="b" * 43),
    redeems("a short code_verifier", GRANT, code_verifier="b" * 42),
    redeems("a long code_verifier", GRANT, code_verifier="b" * 129),
    redeems("a code_verifier with a space", GRANT, code_verifier="b" * 42 + " "),
    redeems("code_verifier twice", BAD, code_verifier=["b" * 43, "b" * 43]),
    redeems("with a scope", OK, scope="openid"),
    redeems("with an unknown scope", OK, scope="nothing"),
    redeems("with an unknown parameter", OK, audience="x", foo="bar"),
    redeems("an unknown parameter twice", BAD, foo=["a", "b"]),
    redeems("an unknown resource", "400: invalid_target", resource="https://api.example/"),
    redeems("no grant_type", BAD, grant_type=None),
    redeems("empty grant_type", BAD, grant_type=""),
    redeems("grant_type twice", BAD, grant_type=["authorization_code", "authorization_code"]),
    *(
        redeems(f"grant_type {name}", "400: unsupported_grant_type", grant_type=name)
        for name in ("password", "implicit", "magic", "AUTHORIZATION_CODE")
    ),
]

CLIENT_AUTH = [
    redeems("a wrong secret", CLIENT, auth="wrong basic"),
    redeems("a wrong secret by post", CLIENT, auth="wrong post"),
    redeems("an empty secret", CLIENT, auth="empty basic"),
    redeems("an empty secret by post", CLIENT, auth="id", client_secret=""),
    redeems("no secret", CLIENT, auth="id"),
    redeems("no client", CLIENT, auth="nothing"),
    redeems("an unknown client", CLIENT, auth="stranger basic"),
    redeems("an unknown client without a secret", CLIENT, auth="stranger id"),
    redeems("basic and post", BAD, auth="both"),
    redeems("basic and client_id", OK, client_id="@id@"),
    redeems("basic and another client_id", BAD, client_id="@id:two@"),
    redeems("basic without form encoding", OK, auth="plain basic"),
    redeems("a public client with a secret", CLIENT, role="spa", client_secret="guessed"),
    redeems("a public client by basic", CLIENT, role="spa", auth="empty basic"),
    redeems("another app's id, public", GRANT, role="spa", code="@code:native@"),
    redeems("client_id twice", BAD, auth="nothing", client_id=["@id@", "@id@"]),
    redeems("client_secret twice", BAD, auth="id", client_secret=["@secret@", "@secret@"]),
    *(
        redeems(f"Authorization {name}", CLIENT, auth="nothing", headers={"Authorization": value})
        for name, value in {
            "of another scheme": "Bearer abc",
            "that is no base64": "Basic *****",
            "without a colon": "Basic YWJj",
            "without anything": "Basic",
            "with a broken escape": "Basic YSV6ejpi",
        }.items()
    ),
    redeems("Authorization in small letters", OK, auth="nothing", headers={"Authorization": "basic @pair@"}),
]

REFRESH = [
    refreshes("all is right", OK),
    refreshes("all is right, public", OK, role="spa"),
    refreshes("a narrower scope", OK, scope="openid"),
    refreshes("a narrower scope without openid", "200 Bearer refresh_token", scope="profile:read"),
    refreshes("a wider scope", "400: invalid_scope", scope="openid profile:read wallet:read"),
    refreshes("an unknown scope", "400: invalid_scope", scope="nothing"),
    refreshes("an unknown scope more", OK, scope="openid profile:read email"),
    refreshes("a broken scope", "400: invalid_scope", scope='openid "'),
    refreshes("empty scope", OK, scope=""),
    refreshes("no refresh_token", BAD, refresh_token=None),
    refreshes("empty refresh_token", BAD, refresh_token=""),
    refreshes("refresh_token twice", BAD, refresh_token=["@refresh@", "@refresh@"]),
    refreshes("unknown", GRANT, refresh_token="x" * 86),
    refreshes("an access token", GRANT, refresh_token="@access@"),
    refreshes("a code", GRANT, refresh_token="@code@"),
    refreshes("of another app", GRANT, refresh_token="@refresh:two@"),
    refreshes("of a public app", GRANT, refresh_token="@refresh:spa@"),
    refreshes(
        "an app that may not", "400: unauthorized_client", role="narrow", refresh_token="@refresh:web@"
    ),
    refreshes("used a moment ago", OK, refresh_token="@used-refresh@"),
    refreshes("used, and its successor too", GRANT, refresh_token="@used-twice-refresh@"),
    refreshes("the last of a family that was misused", GRANT, refresh_token="@successor-of-reused@"),
    refreshes("after its code was replayed", GRANT, refresh_token="@refresh-of-replayed-code@"),
    refreshes("after its revocation", GRANT, refresh_token="@revoked-refresh@"),
    refreshes("after its access token's revocation", GRANT, refresh_token="@refresh-of-revoked-access@"),
    refreshes("an unknown resource", "400: invalid_target", resource="https://api.example/"),
    refreshes("a wrong secret", CLIENT, auth="wrong basic"),
    refreshes("no secret", CLIENT, auth="id"),
    refreshes("with a code", OK, code="@code@"),
]

TRANSPORT = [
    redeems("by GET", "405: method_not_allowed", method="GET"),
    redeems("by PUT", "405: method_not_allowed", method="PUT"),
    redeems("in JSON", BAD, headers=JSON),
    redeems("in plain text", BAD, headers={"Content-Type": "text/plain"}),
    redeems(
        "with a charset",
        OK,
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    ),
    redeems("that is no UTF-8", BAD, raw="&x=%ff%fe"),
    redeems("with a NUL", BAD, raw="&x=%00"),
    redeems("of 100 kB", "413: invalid_request", raw="&x=" + "y" * 100_000),
]

REVOCATION = [
    revokes("a refresh token", "200"),
    revokes("an access token", "200", token="@access@"),
    revokes("of a public client", "200", role="spa"),
    revokes("unknown token", "200", token="x" * 43),
    revokes("a revoked token", "200", token="@revoked-refresh@"),
    revokes("a token of another app", "200", token="@refresh:two@"),
    revokes("a code", "200", token="@code@"),
    revokes("an ID token", "400: unsupported_token_type", token="@id-token@"),
    revokes("with a hint", "200", token_type_hint="refresh_token"),
    revokes("with a wrong hint", "200", token_type_hint="access_token"),
    revokes("with an unknown hint", "200", token_type_hint="magic"),
    revokes("no token", BAD, token=None),
    revokes("empty token", BAD, token=""),
    revokes("token twice", BAD, token=["a", "b"]),
    revokes("no client", CLIENT, auth="nothing"),
    revokes("a wrong secret", CLIENT, auth="wrong basic"),
    revokes("no secret", CLIENT, auth="id"),
    revokes("an unknown client", CLIENT, auth="stranger basic"),
    revokes("basic and post", BAD, auth="both"),
    revokes("by GET", "405: method_not_allowed", method="GET"),
    revokes("in JSON", BAD, headers=JSON),
]

USERINFO = [
    calls("all is right", "200", headers={"Authorization": "Bearer @access@"}),
    calls("in small letters", "200", headers={"Authorization": "bearer @access@"}),
    calls("by POST", "200", method="POST", headers={"Authorization": "Bearer @access@"}),
    calls("by POST in the body", "200", method="POST", access_token="@access@"),
    calls(
        "in two places",
        BAD,
        method="POST",
        access_token="@access@",
        headers={"Authorization": "Bearer @access@"},
    ),
    calls("in the query", "401: not_authenticated", access_token="@access@"),
    calls("nothing", "401: not_authenticated"),
    calls("another scheme", "401: not_authenticated", headers={"Authorization": "Basic YTpi"}),
    calls("no token", "401: invalid_token", headers={"Authorization": "Bearer"}),
    calls("two tokens", "401: invalid_token", headers={"Authorization": "Bearer a b"}),
    calls("unknown token", "401: invalid_token", headers={"Authorization": "Bearer xyz"}),
    calls("an altered token", "401: invalid_token", headers={"Authorization": "Bearer @access@x"}),
    calls("an ID token", "401: invalid_token", headers={"Authorization": "Bearer @id-token@"}),
    calls("a refresh token", "401: invalid_token", headers={"Authorization": "Bearer @refresh@"}),
    calls("a revoked token", "401: invalid_token", headers={"Authorization": "Bearer @revoked-access@"}),
    calls(
        "after the code's replay",
        "401: invalid_token",
        headers={"Authorization": "Bearer @access-of-replayed-code@"},
    ),
    calls(
        "without openid",
        "403: insufficient_scope",
        headers={"Authorization": "Bearer @access-without-openid@"},
    ),
    calls("by PUT", "405: method_not_allowed", method="PUT", headers={"Authorization": "Bearer @access@"}),
]

TOKEN_CASES: list[Case] = [*CODE, *CLIENT_AUTH, *REFRESH, *TRANSPORT, *REVOCATION, *USERINFO]
