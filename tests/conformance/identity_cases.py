"""What can be wrong with a sign-in by signed message, and with a session."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import DER, FORM, HYBRID, JSON, KEY, SIGNED_IN, Case


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


def session_cases() -> Iterator[Case]:
    """Sessions, with and without one, and the sign-in page."""
    for name, value in {
        "NUL": "a%00b",
        "quoted NUL": '"\\000' + "x" * 43 + '"',
        "of the right length": "x" * 43,
        "long": "a" * 60_000,
        "not ASCII": "\xfc" * 43,
        "odd": '"; DROP TABLE users',
        "empty": "",
        "twice": "a; session=b",
    }.items():
        cookie = {"Cookie": f"session={value}"}
        yield Case(f"session cookie {name}", "GET", "/api/session", b"", cookie, (401,))
        yield Case(f"session cookie {name}, ending all", "DELETE", "/api/sessions?all=1", b"", cookie, (401,))
        yield Case(f"session cookie {name}, form", "POST", "/logout", b"csrf=x", {**FORM, **cookie}, (403,))
        yield Case(
            f"browser cookie {name}, form",
            "POST",
            "/login",
            b"csrf=%C3%A9",
            {**FORM, "Cookie": f"browser={value}"},
            (403,),
        )
    for name, query, statuses in (
        ("nothing", "", (400,)),
        ("an empty id", "?id=", (400,)),
        ("an unknown id", "?id=0123456789abcdef", (404,)),
        ("a NUL", "?id=%00", (400,)),
        ("bad UTF-8", "?id=%ff", (400,)),
        ("two ids", "?id=a&id=b", (400,)),
        ("all twice", "?all=1&all=0", (400,)),
        ("all is no 1", "?all=yes", (400,)),
        ("a long query", f"?id={'x' * 20_000}", (413,)),
    ):
        yield Case(f"end sessions: {name}", "DELETE", f"/api/sessions{query}", b"", SIGNED_IN, statuses)
    foreign = {**SIGNED_IN, "Origin": "https://evil.example"}
    yield Case("end sessions from another site", "DELETE", "/api/sessions?all=1", b"", foreign, (403,))
    yield Case("log out from another site", "POST", "/logout", b"", foreign, (403,))
    yield Case("log out with a wrong token", "POST", "/logout", b"csrf=x", {**SIGNED_IN, **FORM}, (403,))
    for name, query, statuses in (
        ("a NUL", "next=%00", (400,)),
        ("bad UTF-8", "next=%ff", (400,)),
        ("two", "next=/a&next=/b", (400,)),
        ("long", f"next=/{'x' * 20_000}", (413,)),
        ("many fields", "&".join(f"f{n}=1" for n in range(300)), (400,)),
    ):
        yield Case(f"sign-in page: next is {name}", "GET", f"/login?{query}", b"", {}, statuses)
