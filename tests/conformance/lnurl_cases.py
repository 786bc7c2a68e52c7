"""What can be wrong with a Lightning login."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import (
    DER,
    FORM,
    HYBRID,
    JSON,
    KEY,
    NOBODY,
    UNCOMPRESSED,
    Case,
    Envelope,
)

CLAIM = {"Authorization": "Bearer " + "x" * 43}
ENVELOPES: dict[str, Envelope] = {"callback": "lnurl", "check": "any", "events": "events", "qr": "product"}
ODD_IDS = {
    "NUL": "%00",
    "bad UTF-8": "%ff",
    "a surrogate": "%ED%A0%80",
    "long": "x" * 500,
    "dots": "..%2f..",
    "a line break": "%0d%0aSet-Cookie:x",
    "unicode": "%F0%9F%94%91",
    "upper case": "A" * 32,
    "full-width": "%EF%BC%90" * 32,
}
ODD_SECRETS = {
    "wrong": "x" * 43,
    "NUL": "a%00" + "x" * 40,
    "quoted NUL": '"\\000' + "x" * 43 + '"',
    "not ASCII": "\xfc" * 43,
    "huge": "a" * 60_000,
    "empty": "",
}


def lightning_cases() -> Iterator[Case]:
    """What is wrong with a Lightning login. Towards wallets it is always 200."""
    good = f"k1={'00' * 32}&sig={DER}&key={KEY}"
    for name, query in {
        "nothing": "",
        "no sig": f"key={KEY}",
        "no key": f"sig={DER}",
        "unknown login": good,
        "repeated key": f"{good}&key={KEY}",
        "repeated sig": f"{good}&sig={DER}",
        "short k1": f"k1=00&sig={DER}&key={KEY}",
        "k1 not hex": f"k1={'zz' * 32}&sig={DER}&key={KEY}",
        "hybrid key": f"sig={DER}&key={HYBRID}",
        "uncompressed key": f"sig={DER}&key={UNCOMPRESSED}",
        "key off the curve": f"sig={DER}&key=02{'ff' * 32}",
        "sig not hex": f"sig=nope&key={KEY}",
        "sig huge": f"sig={'30' * 4000}&key={KEY}",
        "NUL": f"sig=%00&key={KEY}",
        "bad UTF-8": f"sig=%ff&key={KEY}",
        "HTML": f"sig=<script>&key={KEY}",
    }.items():
        path = f"/api/lnurl-auth/callback/{NOBODY}?{query}"
        yield Case(f"callback: {name}", "GET", path, statuses=(200,), envelope="lnurl")
        path = f"/api/lnurl-auth/callback/@login@?{query}"
        if name != "unknown login":
            yield Case(f"callback of a live login: {name}", "GET", path, statuses=(200,), envelope="lnurl")
    for name, identity in ODD_IDS.items():
        # A slash, however written, makes it another address.
        is_slash = "%2f" in identity
        for what in ("callback", "check", "events", "qr"):
            path = f"/api/lnurl-auth/{what}/{identity}{'?' + good if what == 'callback' else ''}"
            envelope: Envelope = "product" if is_slash else ENVELOPES[what]
            statuses = (404,) if is_slash or what == "qr" else (200,)
            yield Case(f"{what} id: {name}", "GET", path, b"", CLAIM, statuses, envelope)
        page = "/login/lnurl/" + identity
        yield Case(f"phone id: {name}", "GET", page, b"", {}, (404,))
        # Nothing to claim: on to the sign-in page.
        statuses = (404,) if is_slash else (303,)
        shape: Envelope = "product" if is_slash else "any"
        yield Case(f"confirm id: {name}", "GET", f"{page}/confirm", b"", CLAIM, statuses, shape)
        refused = (400,) if name in ("NUL", "bad UTF-8", "a surrogate") else (404,)
        yield Case(
            f"params id: {name}", "GET", f"/api/lnurl-auth/params?session_id={identity}", statuses=refused
        )
    for query in (
        "",
        "?session_id=",
        "?session_id=a&session_id=b",
        "?session=a",
        f"?session_id={'x' * 20_000}",
    ):
        refused = (413,) if len(query) > 10_000 else (400, 404)
        yield Case(f"params query {query[:30]}", "GET", f"/api/lnurl-auth/params{query}", statuses=refused)
    for name, value in ODD_SECRETS.items():
        for how in ({"Cookie": f"lnurl_claim={value}"}, {"Authorization": f"Bearer {value}"}):
            kind = next(iter(how))
            yield Case(f"qr: {kind} {name}", "GET", "/api/lnurl-auth/qr/@login@", b"", how, (404,))
            yield Case(
                f"check: {kind} {name}", "GET", "/api/lnurl-auth/check/@login@", b"", how, (200,), "any"
            )
            yield Case(
                f"events: {kind} {name}", "GET", "/api/lnurl-auth/events/@login@", b"", how, (200,), "events"
            )
            form = {**FORM, **how}
            yield Case(
                f"go on: {kind} {name}", "POST", "/login/lnurl", b"csrf=x&session_id=%C3%A9", form, (403,)
            )
    yield Case(
        "create: a link for nobody", "POST", "/api/lnurl-auth/create", b'{"action": "link"}', JSON, (401,)
    )
    for value in ("1", "[]", "true", '"buy"', '""" ', '"LOGIN"', f'"{"x" * 5000}"'):
        yield Case(
            f"create: action {value}",
            "POST",
            "/api/lnurl-auth/create",
            f'{{"action": {value}}}'.encode(),
            JSON,
        )
