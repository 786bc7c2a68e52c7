"""What can be wrong with a request to the provider."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import FORM, JSON, OWNER, SIGNED_IN, Case
from tests.conformance.names import CALLBACK

GOOD_URI = CALLBACK
ASKING = {
    "client_id": "@client@",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "profile:read",
    "state": "s",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
}


def provider_cases() -> Iterator[Case]:
    """Registration, authorization, token and userinfo."""
    for name, member in {
        "no redirect_uris": '"client_name": "x"',
        "redirect_uris a text": f'"redirect_uris": "{GOOD_URI}"',
        "redirect_uris empty": '"redirect_uris": []',
        "redirect_uris of numbers": '"redirect_uris": [1]',
        "redirect_uris many": '"redirect_uris": [' + ",".join(f'"{GOOD_URI}/{n}"' for n in range(50)) + "]",
        "javascript": '"redirect_uris": ["javascript:alert(1)"]',
        "fragment": f'"redirect_uris": ["{GOOD_URI}#x"]',
        "http": '"redirect_uris": ["http://app.example/cb"]',
        "user": '"redirect_uris": ["https://a@app.example/cb"]',
        "backslash": '"redirect_uris": ["https://app.example\\\\cb"]',
        "wildcard": '"redirect_uris": ["https://*.example/cb"]',
        "relative": '"redirect_uris": ["/cb"]',
        "long": f'"redirect_uris": ["{GOOD_URI}/{"x" * 3000}"]',
        "client_name a number": f'"redirect_uris": ["{GOOD_URI}"], "client_name": 1',
        "scope a list": f'"redirect_uris": ["{GOOD_URI}"], "scope": []',
        "alg none": f'"redirect_uris": ["{GOOD_URI}"], "id_token_signed_response_alg": "none"',
        "implicit only": f'"redirect_uris": ["{GOOD_URI}"], "response_types": ["token"], "grant_types": ["implicit"]',
        "logo over http": f'"redirect_uris": ["{GOOD_URI}"], "logo_uri": "http://a.example/x.png"',
        "policy javascript": f'"redirect_uris": ["{GOOD_URI}"], "policy_uri": "javascript:alert(1)"',
    }.items():
        yield Case(
            f"register: {name}", "POST", "/oauth/register", f"{{{member}}}".encode(), JSON, (400,), "oauth"
        )
    for name, query in {
        "nothing": "",
        "unknown client": "client_id=nobody&response_type=code",
        "repeated client": "client_id=a&client_id=b",
        "NUL": "client_id=%00",
        "bad UTF-8": "client_id=%ff",
        "long": f"client_id={'x' * 20000}",
        "unknown interaction": f"interaction={'x' * 43}",
        "many fields": "&".join(f"f{n}=1" for n in range(300)),
    }.items():
        statuses = (400, 413)
        yield Case(f"authorize: {name}", "GET", f"/oauth/authorize?{query}", b"", {}, statuses, "page")
        if len(query) < 5000:
            body = query.encode()
            yield Case(
                f"authorize by POST: {name}", "POST", "/oauth/authorize", body, FORM, (400, 403), "page"
            )
    for name, body in {
        "nothing": "",
        "no client": "grant_type=authorization_code&code=x",
        "unknown client": "grant_type=authorization_code&code=x&client_id=nobody",
        "unknown grant": "grant_type=magic&client_id=nobody",
        "password grant": "grant_type=password&username=a&password=b&client_id=nobody",
        "NUL code": "grant_type=authorization_code&code=%00&client_id=nobody",
        "huge code": f"grant_type=authorization_code&code={'x' * 9000}&client_id=nobody",
        "secret twice": "grant_type=authorization_code&client_id=a&client_secret=b&client_secret=c",
    }.items():
        yield Case(f"token: {name}", "POST", "/oauth/token", body.encode(), FORM, (400, 401), "oauth")
    for name, header in {
        "not base64": "Basic %%%",
        "no colon": "Basic YWJj",
        "bad UTF-8": "Basic //79Ov8=",
        "bad escape": "Basic JXp6OiV6eg==",
        "empty": "Basic",
        "unknown scheme": "Digest abc",
        "NUL": "Basic YQBiOmM=",
        "escaped NUL": "Basic YSUwMGI6Yw==",
        "only a colon": "Basic Og==",
        "not ASCII": "Basic \xfc\xfc\xfc\xfc",
        "long": "Basic " + "A" * 8000,
    }.items():
        headers = {**FORM, "Authorization": header}
        body = b"grant_type=authorization_code&code=x"
        yield Case(f"token: Authorization {name}", "POST", "/oauth/token", body, headers, (400, 401), "oauth")
    for path in ("/oauth/userinfo", "/api/demo/protected"):
        envelope = "oauth" if path == "/oauth/userinfo" else "product"
        for name, header in {
            "absent": "",
            "empty": "Bearer",
            "not a JWT": "Bearer abc",
            "two dots": "Bearer a.b.c",
            "not ASCII": "Bearer " + "\xfc" * 40,
            "alg none": "Bearer eyJhbGciOiJub25lIn0.e30.",
            "blanks": "Bearer a b",
            "long": "Bearer " + "a" * 9000,
            "basic": "Basic YTpi",
        }.items():
            headers = {"Authorization": header} if header else {}
            yield Case(f"{path}: {name}", "GET", path, b"", headers, (400, 401), envelope)  # type: ignore[arg-type]
    yield from _logout_cases()


def _logout_cases() -> Iterator[Case]:
    for name, query in {
        "repeated state": "state=a&state=b",
        "NUL": "client_id=%00",
        "bad UTF-8": "state=%ff",
        "long state": f"state={'x' * 3000}",
        "long": f"state={'x' * 20000}",
        "many fields": "&".join(f"f{n}=1" for n in range(300)),
    }.items():
        yield Case(f"logout: {name}", "GET", f"/oauth/logout?{query}", b"", {}, (400, 413), "page")
        yield Case(
            f"logout by POST: {name}", "POST", "/oauth/logout", query.encode(), FORM, (400, 413), "page"
        )
    form = b"decision=logout&csrf=x"
    yield Case("logout: foreign form", "POST", "/oauth/logout", form, FORM | SIGNED_IN, (403,), "page")
    yield Case("logout: JSON", "POST", "/oauth/logout", b"{}", JSON, (415,), "page")


def management_cases() -> Iterator[Case]:
    """What is wrong with reading, changing and removing a registration (RFC 7592)."""
    for name, identity in {
        "nobody": "nobody",
        "NUL": "a%00b",
        "bad UTF-8": "%ff",
        "long": "x" * 5000,
        "unicode": "%F0%9F%94%91",
        "a line break": "%0d%0a",
    }.items():
        path = f"/oauth/register/{identity}"
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            body, headers = (b"{}", {**JSON, **OWNER}) if method == "PUT" else (b"", OWNER)
            shape = "empty" if method == "HEAD" else "oauth"
            yield Case(f"{method} registration of {name}", method, path, body, headers, (401,), shape)  # type: ignore[arg-type]
    for name, header in ODD_PROOFS.items():
        for method in ("GET", "DELETE"):
            headers = {"Authorization": header} if header else {}
            path = "/oauth/register/@client@"
            yield Case(f"{method} registration, {name}", method, path, b"", headers, (401,), "oauth")
    for name, member in {
        "nothing": "",
        "without its id": f'"redirect_uris": ["{GOOD_URI}"]',
        "of another": f'"client_id": "another", "redirect_uris": ["{GOOD_URI}"]',
        "id a number": f'"client_id": 1, "redirect_uris": ["{GOOD_URI}"]',
        "without redirect_uris": '"client_id": "@client@"',
        "secret of our own": f'"client_id": "@client@", "client_secret": "x", "redirect_uris": ["{GOOD_URI}"]',
        "secret a list": f'"client_id": "@client@", "client_secret": [], "redirect_uris": ["{GOOD_URI}"]',
        "javascript": '"client_id": "@client@", "redirect_uris": ["javascript:alert(1)"]',
    }.items():
        body, headers = f"{{{member}}}".encode(), {**JSON, **OWNER}
        yield Case(
            f"change of a registration: {name}",
            "PUT",
            "/oauth/register/@client@",
            body,
            headers,
            (400,),
            "oauth",
        )


ODD_PROOFS = {
    "no proof": "",
    "an empty proof": "Bearer",
    "a wrong proof": "Bearer " + "x" * 43,
    "the client's secret": "Bearer @secret@",
    "basic": "Basic YTpi",
    "a huge proof": "Bearer " + "x" * 60_000,
    "a proof that is not ASCII": "Bearer " + "\xfc" * 43,
}


def asking_cases() -> Iterator[Case]:
    """Authorization requests of a known app: what is wrong goes back to it, or is a page when the way back is wrong."""
    for name, changes in {
        "another redirect_uri": {"redirect_uri": "https://evil.example/cb"},
        "a longer redirect_uri": {"redirect_uri": CALLBACK + "/x"},
        "a redirect_uri with dots": {"redirect_uri": "https://app.example/x/../cb"},
        "a redirect_uri in capitals": {"redirect_uri": "https://APP.example/cb"},
        "a redirect_uri with a user": {"redirect_uri": "https://app.example@evil.example/cb"},
        "a redirect_uri with a line break": {"redirect_uri": CALLBACK + "%0d%0aX:y"},
        "client_id in capitals": {"client_id": "@CLIENT@"},
        "two redirect_uris": {"redirect_uri": f"{CALLBACK}&redirect_uri={CALLBACK}"},
        "NUL in the state": {"state": "%00"},
        "bad UTF-8 in the state": {"state": "%ff"},
    }.items():
        yield Case(f"authorize: {name}", "GET", _asking(changes), statuses=(400,), envelope="page")
    for name, changes in {
        "no response_type": {"response_type": ""},
        "response_type token": {"response_type": "token"},
        "response_type code token": {"response_type": "code+token"},
        "two states": {"state": "a&state=b"},
        "a long state": {"state": "x" * 3000},
        "a long nonce": {"nonce": "x" * 3000},
        "unknown scope": {"scope": "everything"},
        "scope with control characters": {"scope": "openid%0aprofile:read"},
        "scope of a trusted app": {"scope": "profile:read+wallet:read"},
        "no PKCE": {"code_challenge": "", "code_challenge_method": ""},
        "PKCE plain": {"code_challenge_method": "plain"},
        "PKCE short": {"code_challenge": "x" * 42},
        "PKCE long": {"code_challenge": "x" * 4000},
        "PKCE odd": {"code_challenge": "%F0%9F%94%91" * 43},
        "prompt odd": {"prompt": "dance"},
        "prompt none and more": {"prompt": "none+login"},
        "max_age a word": {"max_age": "soon"},
        "max_age negative": {"max_age": "-1"},
        "max_age huge": {"max_age": "9" * 5000},
        "max_age in other digits": {"max_age": "%C2%B2"},
        "response_mode odd": {"response_mode": "pigeon"},
        "request object": {"request": "a.b.c"},
        "request_uri": {"request_uri": "https://evil.example/r"},
        "registration": {"registration": "%7B%7D"},
        "claims not JSON": {"claims": "%7Bnope"},
        "claims an array": {"claims": "%5B%5D"},
        "claims deep": {"claims": "%5B" * 2000},
        "resource of another": {"resource": "https://evil.example"},
        "resource odd": {"resource": "%F0%9F%94%91"},
        "hint odd": {"id_token_hint": "a+b"},
        "hint long": {"id_token_hint": "x" * 9000},
    }.items():
        # Nobody is sent to an app that registered itself before they have signed in here (RFC 9700 §4.11.2).
        path = _asking(changes)
        yield Case(f"authorize: {name}", "GET", path, b"", SIGNED_IN, (303,), "redirect")
        yield Case(f"authorize, signed out: {name}", "GET", path, statuses=(303,), envelope="sign-in")
    path = _asking({"prompt": "none"})
    yield Case("authorize, signed out: prompt none", "GET", path, statuses=(303,), envelope="redirect")


def _asking(changes: dict[str, str]) -> str:
    return "/oauth/authorize?" + "&".join(f"{name}={value}" for name, value in {**ASKING, **changes}.items())


def grant_cases() -> Iterator[Case]:
    """Calls of a known app to the token endpoint and to revocation."""
    proof = "&client_id=@client@&client_secret=@secret@"
    for name, body in {
        "no grant_type": "",
        "unknown grant": "grant_type=magic",
        "client_credentials": "grant_type=client_credentials",
        "no code": "grant_type=authorization_code",
        "unknown code": f"grant_type=authorization_code&code={'x' * 43}&redirect_uri={CALLBACK}",
        "huge code": f"grant_type=authorization_code&code={'x' * 9000}",
        "code not ASCII": "grant_type=authorization_code&code=%F0%9F%94%91",
        "no refresh token": "grant_type=refresh_token",
        "unknown refresh token": "grant_type=refresh_token&refresh_token=x",
        "huge refresh token": f"grant_type=refresh_token&refresh_token={'x' * 9000}",
        "odd scope": "grant_type=refresh_token&refresh_token=x&scope=%0a",
        "grant_type twice": "grant_type=refresh_token&grant_type=refresh_token",
        "resource of another": "grant_type=refresh_token&refresh_token=x&resource=https://evil.example",
    }.items():
        yield Case(
            f"token, known app: {name}",
            "POST",
            "/oauth/token",
            f"{body}{proof}".encode(),
            FORM,
            (400,),
            "oauth",
        )
    for name, body, status in (
        ("wrong secret", "client_id=@client@&client_secret=x", 401),
        ("no secret", "client_id=@client@", 401),
        ("long secret", f"client_id=@client@&client_secret={'x' * 9000}", 401),
        ("long id", f"client_id={'x' * 9000}&client_secret=x", 401),
        ("secret not ASCII", "client_id=@client@&client_secret=%F0%9F%94%91", 401),
        ("assertion", "client_id=@client@&client_assertion=a.b.c&client_assertion_type=x", 401),
        ("secret twice", "client_id=@client@&client_secret=a&client_secret=b", 400),
        ("NUL", "client_id=%00&client_secret=x", 400),
        ("bad UTF-8", "client_id=%ff&client_secret=x", 400),
    ):
        for path, what in (
            ("/oauth/token", "grant_type=refresh_token&refresh_token=x"),
            ("/oauth/revoke", "token=x"),
        ):
            yield Case(f"{path}: {name}", "POST", path, f"{what}&{body}".encode(), FORM, (status,), "oauth")
    yield Case("revoke: no token", "POST", "/oauth/revoke", proof[1:].encode(), FORM, (400,), "oauth")
    for name in ("client_secret", "code", "refresh_token", "token", "code_verifier"):
        for path in ("/oauth/token", "/oauth/revoke"):
            body = f"grant_type=refresh_token&token=x{proof}".encode()
            yield Case(f"{path}: {name} in the URL", "POST", f"{path}?{name}=x", body, FORM, (400,), "oauth")
    for query, status in (("%ff", 400), ("a=%00", 400), ("x" * 20_000, 413)):
        yield Case(
            f"token: query {query[:9]}",
            "POST",
            f"/oauth/token?{query}",
            proof[1:].encode(),
            FORM,
            (status,),
            "oauth",
        )
    for name, body, status in (
        ("an odd token", b"access_token=%F0%9F%94%91", 401),
        ("two tokens", b"access_token=a&access_token=b", 400),
        ("NUL", b"access_token=%00", 400),
        ("a huge token", b"access_token=" + b"x" * 70_000, 413),
        ("nothing", b"", 401),
    ):
        yield Case(f"userinfo by POST: {name}", "POST", "/oauth/userinfo", body, FORM, (status,), "oauth")
    both = {**FORM, "Authorization": "Bearer a"}
    yield Case("userinfo: two places", "POST", "/oauth/userinfo", b"access_token=b", both, (400,), "oauth")
