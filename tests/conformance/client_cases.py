"""What can be wrong with what apps send beside the token endpoint: pushed requests and their kin."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import FORM, JSON, SIGNED_IN, Case
from tests.conformance.names import CALLBACK
from tests.conformance.oauth_cases import ASKING

PROOF = "&client_id=@client@&client_secret=@secret@"
PUSHED = "urn:ietf:params:oauth:request_uri:"


def pushing_cases() -> Iterator[Case]:
    """Pushed authorization requests (RFC 9126): everything that is wrong is said at once, to the app."""
    asking = {name: value for name, value in ASKING.items() if name != "client_id"}
    for name, changes in {
        "nothing but the client": dict.fromkeys(asking, ""),
        "another redirect_uri": {"redirect_uri": "https://evil.example/cb"},
        "no redirect_uri, openid": {"redirect_uri": "", "scope": "openid"},
        "a redirect_uri with a line break": {"redirect_uri": CALLBACK + "%0d%0aX:y"},
        "two redirect_uris": {"redirect_uri": f"{CALLBACK}&redirect_uri={CALLBACK}"},
        "no response_type": {"response_type": ""},
        "response_type token": {"response_type": "token"},
        "two states": {"state": "a&state=b"},
        "NUL in the state": {"state": "%00"},
        "bad UTF-8 in the state": {"state": "%ff"},
        "a long state": {"state": "x" * 3000},
        "a long nonce": {"nonce": "x" * 3000},
        "unknown scope": {"scope": "everything"},
        "scope of a trusted app": {"scope": "wallet:read"},
        "no PKCE": {"code_challenge": "", "code_challenge_method": ""},
        "PKCE plain": {"code_challenge_method": "plain"},
        "PKCE odd": {"code_challenge": "%F0%9F%94%91" * 43},
        "prompt odd": {"prompt": "dance"},
        "max_age huge": {"max_age": "9" * 5000},
        "response_mode odd": {"response_mode": "pigeon"},
        "request object": {"request": "a.b.c"},
        "nested request_uri": {"request_uri": PUSHED + "x" * 43},
        "request_uri of another place": {"request_uri": "https://evil.example/r"},
        "registration": {"registration": "%7B%7D"},
        "claims deep": {"claims": "%5B" * 2000},
        "resource of another": {"resource": "https://evil.example"},
        "hint long": {"id_token_hint": "x" * 9000},
        "another client_id": {"client_id": "nobody"},
    }.items():
        form = "&".join(f"{key}={value}" for key, value in {**asking, **changes}.items())
        statuses = (401, 400) if "client_id" in changes else (400,)
        yield Case(f"par: {name}", "POST", "/oauth/par", f"{form}{PROOF}".encode(), FORM, statuses, "oauth")
    for method in ("GET", "PUT", "DELETE"):
        yield Case(f"par by {method}", method, "/oauth/par", statuses=(405,))
    for name, uri in {
        "unknown": PUSHED + "x" * 43,
        "empty": PUSHED,
        "long": PUSHED + "x" * 9000,
        "NUL": PUSHED + "%00",
        "twice": f"{PUSHED}x&request_uri={PUSHED}y",
    }.items():
        path = f"/oauth/authorize?client_id=@client@&request_uri={uri}"
        yield Case(f"authorize: pushed, {name}", "GET", path, statuses=(400,), envelope="page")


def proof_cases() -> Iterator[Case]:
    """Apps that do not prove who they are, at every endpoint that is for apps."""
    for path, what in ENDPOINTS.items():
        for name, proof, status in (
            ("nobody", "", 401),
            ("wrong secret", "client_id=@client@&client_secret=x", 401),
            ("no secret", "client_id=@client@", 401),
            ("long id", f"client_id={'x' * 9000}&client_secret=x", 401),
            ("secret not ASCII", "client_id=@client@&client_secret=%F0%9F%94%91", 401),
            ("secret twice", "client_id=@client@&client_secret=a&client_secret=b", 400),
            ("NUL", "client_id=%00&client_secret=x", 400),
        ):
            yield Case(f"{path}: {name}", "POST", path, f"{what}&{proof}".encode(), FORM, (status,), "oauth")
        for name in ("client_secret", "code", "token"):
            body = f"{what}{PROOF}".encode()
            yield Case(f"{path}: {name} in the URL", "POST", f"{path}?{name}=x", body, FORM, (400,), "oauth")


def device_cases() -> Iterator[Case]:
    """Devices that ask for codes, devices that poll, and the page where people type."""
    for name, form in {
        "scope of a trusted app": "scope=wallet:read",
        "scope with control characters": "scope=openid%0aprofile:read",
        "resource of another": "resource=https://evil.example",
        "scope twice": "scope=openid&scope=profile",
        "NUL": "scope=%00",
        "bad UTF-8": "acr_values=%ff",
    }.items():
        path, body = "/oauth/device_authorization", f"{form}{PROOF}".encode()
        yield Case(f"device: {name}", "POST", path, body, FORM, (400,), "oauth")
    for method in ("GET", "PUT"):
        yield Case(f"device by {method}", method, "/oauth/device_authorization", statuses=(405,))
    grant = "grant_type=urn:ietf:params:oauth:grant-type:device_code"
    for name, form in {
        "no device_code": grant,
        "unknown device_code": f"{grant}&device_code={'x' * 43}",
        "device_code twice": f"{grant}&device_code=x&device_code=y",
        "NUL in the device_code": f"{grant}&device_code=%00",
        "huge device_code": f"{grant}&device_code={'x' * 9000}",
        "a user_code": f"{grant}&user_code=BCDF-GHJK",
    }.items():
        body = f"{form}{PROOF}".encode()
        yield Case(f"token, device: {name}", "POST", "/oauth/token", body, FORM, (400,), "oauth")
    for name, query in {"NUL": "%00", "bad UTF-8": "%ff", "twice": "a&user_code=b"}.items():
        path = f"/device?user_code={query}"
        yield Case(f"/device: {name}", "GET", path, b"", SIGNED_IN, (400,), "page")
    for name, form in {
        "no csrf": "user_code=BCDF-GHJK&decision=approve",
        "csrf odd": "csrf=%F0%9F%94%91&user_code=BCDF-GHJK&decision=approve",
        "csrf long": f"csrf={'x' * 9000}&user_code=BCDF-GHJK",
    }.items():
        headers = {**FORM, **SIGNED_IN}
        yield Case(f"/device by POST: {name}", "POST", "/device", form.encode(), headers, (403,), "page")
    for name, body, headers, status in (
        ("as JSON", b"{}", JSON, 415),
        ("NUL", b"user_code=%00", FORM, 400),
        ("bad UTF-8", b"user_code=%ff", FORM, 400),
        ("a code twice", b"user_code=a&user_code=b", FORM, 400),
        ("huge", b"user_code=" + b"x" * 70_000, FORM, 413),
    ):
        yield Case(f"/device by POST: {name}", "POST", "/device", body, headers, (status,), "page")
    # Signed out, nothing is looked up: a sound form leads to sign-in, whatever code it holds.
    for name, code in {"odd": "%F0%9F%94%91", "long": "x" * 9000, "a place": "https://evil.example"}.items():
        for method in ("GET", "POST"):
            path = "/device" + (f"?user_code={code}" if method == "GET" else "")
            body, headers = (b"", {}) if method == "GET" else (f"user_code={code}".encode(), FORM)
            yield Case(f"/device by {method}, {name}", method, path, body, headers, (303,), "to-device")


def asking_about_tokens() -> Iterator[Case]:
    """Introspection and revocation of what is no token."""
    for name, form in {
        "no token": "token=",
        "two tokens": "token=a&token=b",
        "NUL": "token=%00",
        "bad UTF-8": "token=%ff",
        "two hints": "token=a&token_type_hint=a&token_type_hint=b",
    }.items():
        for path in ("/oauth/introspect", "/oauth/revoke"):
            body = f"{form}{PROOF}".encode()
            yield Case(f"{path} with {name}", "POST", path, body, FORM, (400,), "oauth")
    for method in ("GET", "PUT"):
        yield Case(f"introspect by {method}", method, "/oauth/introspect", statuses=(405,))


ENDPOINTS = {
    "/oauth/introspect": "token_type_hint=access_token",
    "/oauth/par": "response_type=code",
    "/oauth/device_authorization": "scope=openid",
}
