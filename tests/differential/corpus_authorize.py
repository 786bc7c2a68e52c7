"""Authorization requests: who asks, where the answer goes, and what PKCE and the response type must be."""

from __future__ import annotations

from tests.differential.case import CALLBACK, SECOND, Case, asks

PAGE = "page 400: invalid_request"
BACK = "redirect: invalid_request"

WHO_ASKS = [
    asks("all is right, signed out", "page: sign-in"),
    asks("all is right, signed in", "page: consent", who="in"),
    asks("all is right, allowed before", "redirect: code", who="agreed"),
    asks("by POST, signed out", "page: sign-in", method="POST"),
    asks("by POST, allowed before", "redirect: code", method="POST", who="agreed"),
    asks("public client, allowed before", "redirect: code", role="spa", who="agreed"),
    asks("native client, allowed before", "page: consent", role="native", who="agreed"),
    asks("no client_id", PAGE, client_id=None),
    asks("empty client_id", PAGE, client_id=""),
    asks("unknown client_id", "page 400: invalid_client", client_id="app_nobody"),
    asks("unknown client_id and redirect_uri", "page 400: invalid_client", client_id="x", redirect_uri="x:y"),
    asks("client_id twice", PAGE, client_id=["@id@", "@id@"]),
    asks("two client_ids", PAGE, client_id=["@id@", "@id:spa@"]),
    asks("another app's client_id", "page 400: invalid_request", role="native", client_id="@id:web@"),
    asks("client_id with NUL", PAGE, client_id=None, raw="&client_id=app%00"),
    asks("client_id that is no UTF-8", PAGE, client_id=None, raw="&client_id=%ff%fe"),
    asks("PUT", "405", method="PUT"),
    asks("DELETE", "405", method="DELETE"),
    asks(
        "POST of JSON",
        "page 415: unsupported_media_type",
        method="POST",
        headers={"Content-Type": "application/json"},
    ),
]

WRONG_URIS = {
    "of somebody else": "https://evil.example/cb",
    "with a slash more": f"{CALLBACK}/",
    "with a query": f"{CALLBACK}?a=b",
    "with an empty query": f"{CALLBACK}?",
    "with a fragment": f"{CALLBACK}#a",
    "with an empty fragment": f"{CALLBACK}#",
    "over http": CALLBACK.replace("https", "http"),
    "in capitals": CALLBACK.replace("app", "APP"),
    "with its usual port": CALLBACK.replace(".example", ".example:443"),
    "with a port": CALLBACK.replace(".example", ".example:8443"),
    "with a user": CALLBACK.replace("https://", "https://app.example@evil.example/"),
    "of a subdomain": CALLBACK.replace("app", "a.app"),
    "with dots": CALLBACK.replace("/cb", "/x/../cb"),
    "with an encoded letter": CALLBACK.replace("/cb", "/%63b"),
    "with a dot at the host's end": CALLBACK.replace(".example/", ".example./"),
    "without a scheme": "//app.example/cb",
    "that is a path": "/cb",
    "with a space": f"{CALLBACK} ",
    "with a line end": f"{CALLBACK}\r\nx: y",
    "with a backslash": "https://app.example\\cb",
    "of JavaScript": "javascript:alert(1)",
    "of data": "data:text/html,x",
}
WHERE_TO = [
    asks("no redirect_uri, one registered", PAGE, redirect_uri=None),
    asks(
        "no redirect_uri, one registered, no openid", "page: sign-in", redirect_uri=None, scope="profile:read"
    ),
    asks("no redirect_uri, two registered", PAGE, role="two", redirect_uri=None, scope="profile:read"),
    asks("empty redirect_uri", PAGE, redirect_uri=""),
    asks("redirect_uri twice", PAGE, redirect_uri=[CALLBACK, CALLBACK]),
    asks("two redirect_uris", PAGE, redirect_uri=[CALLBACK, "https://evil.example/"]),
    asks("the second registered redirect_uri", "page: sign-in", role="two", redirect_uri=SECOND),
    asks(
        "an error at a redirect_uri with a query",
        "redirect: unsupported_response_type",
        role="two",
        redirect_uri=SECOND,
        response_type="token",
    ),
    *(asks(f"redirect_uri {name}", PAGE, redirect_uri=uri) for name, uri in WRONG_URIS.items()),
    asks("another port of a web app", PAGE, redirect_uri=CALLBACK.replace(".example", ".example:1")),
    asks(
        "another port of a native app",
        "page: sign-in",
        role="native",
        redirect_uri="http://127.0.0.1:5123/cb",
    ),
    asks("another path of a native app", PAGE, role="native", redirect_uri="http://127.0.0.1:5123/other"),
    asks("another loopback name", PAGE, role="native", redirect_uri="http://localhost/cb"),
    asks("the other loopback address", PAGE, role="native", redirect_uri="http://[::1]/cb"),
    asks("loopback with a user", PAGE, role="native", redirect_uri="http://a@127.0.0.1/cb"),
    asks("no client and a wrong redirect_uri", PAGE, client_id=None, redirect_uri="https://evil.example/"),
    asks(
        "a wrong redirect_uri and response_type",
        PAGE,
        redirect_uri="https://evil.example/",
        response_type="token",
    ),
    asks(
        "a wrong redirect_uri and a request object",
        PAGE,
        redirect_uri="https://evil.example/",
        request="a.b.c",
    ),
    asks("a wrong redirect_uri and prompt=none", PAGE, redirect_uri="https://evil.example/", prompt="none"),
]

RESPONSE = [
    asks("no response_type", BACK, response_type=None),
    asks("empty response_type", BACK, response_type=""),
    asks("response_type twice", BACK, response_type=["code", "code"]),
    *(
        asks(f"response_type {kind}", "redirect: unsupported_response_type", response_type=kind)
        for kind in ("token", "id_token", "code token", "code id_token", "none", "CODE", "magic")
    ),
    asks("response_type code code", "redirect: unsupported_response_type", response_type="code code"),
    asks("response_mode query", "redirect: code", who="agreed", response_mode="query"),
    asks("response_mode fragment", "fragment: code", who="agreed", response_mode="fragment"),
    asks("response_mode form_post", "form_post: code", who="agreed", response_mode="form_post"),
    asks("empty response_mode", "redirect: code", who="agreed", response_mode=""),
    asks("response_mode unknown", BACK, response_mode="pigeon"),
    asks("response_mode web_message", BACK, response_mode="web_message"),
    asks("response_mode jwt", BACK, response_mode="jwt"),
    asks("response_mode query.jwt", BACK, response_mode="query.jwt"),
    asks("response_mode twice", BACK, response_mode=["query", "query"]),
    asks(
        "an error by fragment",
        "fragment: invalid_scope",
        role="narrow",
        response_mode="fragment",
        scope="chat",
    ),
    asks(
        "an error by form_post", "form_post: invalid_request", response_mode="form_post", code_challenge="x"
    ),
]

PKCE = [
    asks("no code_challenge", BACK, code_challenge=None),
    asks("no PKCE at all", BACK, code_challenge=None, code_challenge_method=None),
    asks("no PKCE, public", BACK, role="spa", code_challenge=None, code_challenge_method=None),
    asks("no PKCE but a nonce", BACK, code_challenge=None, code_challenge_method=None, nonce="n"),
    asks("empty code_challenge", BACK, code_challenge=""),
    asks("no code_challenge_method", BACK, code_challenge_method=None),
    asks("code_challenge_method plain", BACK, code_challenge_method="plain"),
    asks("code_challenge_method s256", BACK, code_challenge_method="s256"),
    asks("code_challenge_method unknown", BACK, code_challenge_method="S512"),
    asks("code_challenge twice", BACK, code_challenge=["x" * 43, "y" * 43]),
    asks("code_challenge_method twice", BACK, code_challenge_method=["S256", "plain"]),
    asks("code_challenge of 42", BACK, code_challenge="x" * 42),
    asks("code_challenge of 44", BACK, code_challenge="x" * 44),
    asks("code_challenge of 128", BACK, code_challenge="x" * 128),
    asks("code_challenge of 129", BACK, code_challenge="x" * 129),
    asks("code_challenge with padding", BACK, code_challenge="x" * 43 + "="),
    asks("code_challenge with a slash", BACK, code_challenge="x" * 42 + "/"),
]

AUTHORIZE_CASES: list[Case] = [*WHO_ASKS, *WHERE_TO, *RESPONSE, *PKCE]
