"""Malformed requests over every endpoint: what is sent, and what must come back. Grown by adding a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Envelope = Literal["product", "oauth", "lnurl", "none"]

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEY = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
UNCOMPRESSED = (
    "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)
HYBRID = "06" + UNCOMPRESSED[2:]
NOBODY = "0" * 32
DER = "3006020101020101"


@dataclass(frozen=True)
class Case:
    """One request. ``statuses`` are the answers that are right; never a 5xx."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (400,)
    envelope: Envelope = "product"


# Bodies that are no good for any endpoint that reads a JSON object.
BAD_JSON: dict[str, bytes] = {
    "not-json": b"{nope",
    "array": b"[1,2]",
    "text": b'"hello"',
    "number": b"1",
    "null": b"null",
    "truncated": b'{"a": "b',
    "trailing": b'{"a": 1} x',
    "bad-utf8": b'{"a": "\xff\xfe"}',
    "nul": b'{"pubkey": "a\\u0000b", "redirect_uris": ["https://a.example/\\u0000"]}',
    "lone-surrogate": b'{"pubkey": "\\ud800", "client_name": "\\ud800", "action": "\\ud800"}',
    "deep": b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "huge-number": b'{"a": ' + b"9" * 6000 + b"x}",
    "nan": b'{"a": NaN}',
}
# Bodies that are no good for any endpoint that reads a form.
BAD_FORM: dict[str, bytes] = {
    "bad-utf8": b"grant_type=%ff%fe",
    "nul": b"grant_type=authorization_code%00",
    "raw-bytes": b"grant_type=\xff\xfe",
    "many-fields": b"&".join(b"f%d=1" % n for n in range(500)),
    "repeated": b"grant_type=authorization_code&grant_type=refresh_token&client_id=a&client_id=b",
}
JSON_ENDPOINTS: dict[str, Envelope] = {
    "/api/auth/challenge": "product",
    "/verify_signature": "product",
    "/api/lnurl-auth/create": "product",
    "/oauth/register": "oauth",
}
FORM_ENDPOINTS: dict[str, Envelope] = {
    "/login": "product",
    "/login/lnurl": "product",
    "/oauth/token": "oauth",
}


def body_cases() -> Iterator[Case]:
    """Every bad body at every endpoint that reads one, and the wrong types and sizes."""
    for path, envelope in JSON_ENDPOINTS.items():
        for name, body in BAD_JSON.items():
            yield Case(f"{path} {name}", "POST", path, body, JSON, (400,), envelope)
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
            yield Case(f"{path} as {kind}", "POST", path, b"{}", {"Content-Type": kind}, (400, 415), envelope)
        yield Case(f"{path} without a type", "POST", path, b"{}", {}, (400, 415), envelope)
        yield Case(
            f"{path} huge", "POST", path, b'{"a": "' + b"x" * 1_200_000 + b'"}', JSON, (413,), envelope
        )
    for path, envelope in FORM_ENDPOINTS.items():
        for name, body in BAD_FORM.items():
            yield Case(f"{path} {name}", "POST", path, body, FORM, (400, 401, 403), envelope)
        yield Case(f"{path} as JSON", "POST", path, b"{}", JSON, (400, 415), envelope)
        yield Case(f"{path} huge", "POST", path, b"a=" + b"x" * 1_200_000, FORM, (413,), envelope)


def sign_in_cases() -> Iterator[Case]:
    """What is wrong with a sign-in."""

    def verify(name: str, body: str, *statuses: int) -> Case:
        return Case(f"verify: {name}", "POST", "/verify_signature", body.encode(), JSON, statuses or (400,))

    message = '"message": "Login to HODLXXI at 2026-01-01T00:00:00Z"'
    yield verify("nothing", "{}")
    yield verify("no signature", f'{{"pubkey": "{KEY}", {message}}}')
    yield verify("no key", f'{{{message}, "signature": "{DER}"}}')
    yield verify("no text", f'{{"pubkey": "{KEY}", "signature": "{DER}"}}')
    for name, value in {
        "a number": "1",
        "an array": "[]",
        "an object": "{}",
        "true": "true",
        "a hybrid key": f'"{HYBRID}"',
        "a short key": f'"{KEY[:-2]}"',
        "a long key": f'"{KEY}00"',
        "an odd number of digits": f'"{KEY[:-1]}"',
        "not hex": f'"{"zz" * 33}"',
        "blanks inside": f'"{KEY[:10]} {KEY[10:]}"',
        "full-width digits": '"０２' + "１" * 64 + '"',
        "not on the curve": '"02' + "ff" * 32 + '"',
        "an x-only key": f'"{KEY[2:]}"',
        "a private key": '"5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"',
        "an address of another network": '"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"',
        "a mixed-case address": '"bcrt1QW508d6qejxtdg4y5r3zarvary0c5xw7kygt080"',
        "a mistyped address": '"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081"',
        "a kilobyte": f'"{"a" * 2000}"',
    }.items():
        yield verify(f"pubkey is {name}", f'{{"pubkey": {value}, {message}, "signature": "{DER}"}}')
        challenge = f'{{"pubkey": {value}}}'.encode()
        yield Case(f"challenge: pubkey is {name}", "POST", "/api/auth/challenge", challenge, JSON)
    for name, value in {
        "a number": "7",
        "an array": "[]",
        "empty": '""',
        "not base64": '"%%%"',
        "odd hex": f'"{DER}0"',
        "broken DER": '"30"',
        "DER with a byte too many": f'"{DER}00"',
        "unpadded base64": '"AAA"',
        "non-canonical base64": '"AB=="',
        "65 bytes with header 0": f'"{"A" * 87}="',
        "nine kilobytes": f'"{"A" * 9000}"',
        "an emoji": '"🔑"',
    }.items():
        case = verify(
            f"signature is {name}", f'{{"pubkey": "{KEY}", {message}, "signature": {value}}}', 400, 401
        )
        yield case
    for name, value in {
        "a number": "7",
        "too long": f'"{"x" * 3000}"',
        "unknown": '"let me in"',
        "another service's": '"Login to Evil at 2026-01-01T00:00:00Z"',
        "from long ago": '"Login to HODLXXI at 1999-01-01T00:00:00Z"',
        "a day that is none": '"Login to HODLXXI at 2026-02-30T00:00:00Z"',
    }.items():
        yield verify(
            f"message is {name}",
            f'{{"pubkey": "{KEY}", "message": {value}, "signature": "{"00" * 64}"}}',
            400,
            401,
        )
    for name, value in {"a number": "1", "unknown": '"nobody"', "long": f'"{"x" * 200}"'}.items():
        body = f'{{"pubkey": "{KEY}", "challenge_id": {value}, "signature": "{"11" * 64}"}}'
        yield verify(f"challenge_id is {name}", body, 400, 401)


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
    for name, identity in {
        "NUL": "%00",
        "long": "x" * 500,
        "dots": "..%2f..",
        "unicode": "%F0%9F%94%91",
    }.items():
        yield Case(
            f"callback id: {name}",
            "GET",
            f"/api/lnurl-auth/callback/{identity}?{good}",
            statuses=(200, 404),
            envelope="none",
        )
        yield Case(
            f"check id: {name}",
            "GET",
            f"/api/lnurl-auth/check/{identity}",
            statuses=(200, 404),
            envelope="none",
        )
        yield Case(
            f"params id: {name}", "GET", f"/api/lnurl-auth/params?session_id={identity}", statuses=(400, 404)
        )
        yield Case(f"qr id: {name}", "GET", f"/api/lnurl-auth/qr/{identity}", statuses=(404,))
    for value in ("1", "[]", '"buy"', '"link"', '""" '):
        yield Case(
            f"create: action {value}",
            "POST",
            "/api/lnurl-auth/create",
            f'{{"action": {value}}}'.encode(),
            JSON,
        )
