"""One malformed request, and the bodies that are no good anywhere. The tables of the rooms are grown by adding a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

# How the refusal looks: a room's JSON, a page for people, a redirect back to the app or to sign-in, or no body at all (HEAD).
Envelope = Literal[
    "product", "oauth", "lnurl", "page", "redirect", "sign-in", "to-device", "events", "empty", "any"
]

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
    """One request. ``statuses`` are the answers that are right; never a 5xx.

    ``@client@``, ``@secret@``, ``@registration@``, ``@session@``, ``@key@``, ``@login@`` and ``@claim@`` stand for a
    registered app, its secrets, a session, the key that opened it, a Lightning login and its claim secret: much of what can
    be wrong is only looked at behind them.
    """

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (400,)
    envelope: Envelope = "product"

    def with_names(self, names: Mapping[str, str]) -> Case:
        """The same with real values in their places."""

        def fill(text: str) -> str:
            for name, value in names.items():
                text = text.replace(f"@{name}@", value)
            return text

        headers = {name: fill(value) for name, value in self.headers.items()}
        body = fill(self.body.decode("latin-1")).encode("latin-1")
        return replace(self, path=fill(self.path), headers=headers, body=body)


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
    "/api/auth/recovery": "product",
    "/api/lnurl-auth/create": "product",
    "/oauth/register": "oauth",
    "/oauth/register/@client@": "oauth",
}
FORM_ENDPOINTS: dict[str, Envelope] = {
    "/login": "product",
    "/account": "product",
    "/login/lnurl": "product",
    "/oauth/token": "oauth",
    "/oauth/revoke": "oauth",
    "/oauth/introspect": "oauth",
    "/oauth/par": "oauth",
    "/oauth/device_authorization": "oauth",
}
OWNER = {"Authorization": "Bearer @registration@"}
SIGNED_IN = {"Cookie": "session=@session@"}
