"""From threat to test: ``docs/security.md`` is written from the rows here and the docstrings of the tests.

A test belongs to a row when its docstring names it: ``MUST 12``, ``CVE-2026-4282``, ``keycloak#50999``, ``wallet 1``; for a
MUST its own name (``test_must_12_…``) does. After a change: ``PYTHONPATH=src python -m tests.support.security_table``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"


@dataclass(frozen=True)
class Row:
    """One threat. ``name`` is the word that docstrings use; ``seen_in`` whose bug it was."""

    name: str
    rule: str
    seen_in: str = ""


MUSTS = [
    Row(f"MUST {number}", rule)
    for number, rule in enumerate(
        (
            "A redirect URI is compared byte for byte; only the port of a loopback address is free.",
            "Dangerous redirect URIs are refused at registration.",
            "What is wrong with the app or its address never redirects, on any error path.",
            "No open redirector: sign-in, sign-out, device and Lightning pages lead only to where they should.",
            "An app that nobody vouches for gets its error only after somebody has signed in.",
            "After a POST a browser is sent on by 303.",
            "CORS only where no cookie is read.",
            "No framing, no referrer.",
            "Every authorization response names the issuer.",
            "PKCE is on by default, with S256 only.",
            "PKCE cannot be taken out on the way, in either direction.",
            "A code is good once, for its app, its address and a short time.",
            "No token in the front channel, no password grant.",
            "Refresh tokens form a family: reuse ends it, narrower is fine, wider is not; it ends with what it was given on.",
            "A lost response is given again, and makes one successor.",
            "An access token is for one audience and stands in one place.",
            "No dynamic answer is cached.",
            "A client assertion counts once, for us, in time, by a registered key.",
            "No client can be taken for a user, nor choose what it is called.",
            "Secrets are kept as digests; refusals tell nothing, in words or in work.",
            "A DPoP proof is held to every clause; a bound token is no bearer token.",
            "A pushed request is its app's, counts once and ends; a reload does not burn it.",
            "A device's codes cannot be guessed, polled by others or spent twice.",
            "Registration is limited, calls no address inside our network, and what an app says of itself is text.",
            "Introspection and revocation tell strangers nothing; a storage error is an error.",
            "A session's id changes at sign-in; a request is finished in the browser that began it.",
            "Forged Host, Forwarded and X-Forwarded-* change no URL, address or scheme.",
            "No postMessage.",
            "A disabled user or app is out at once, everywhere.",
            "No secret in logs or audit.",
        ),
        start=1,
    )
]
_REDIRECT = "Parsers disagree about a redirect URI."
_ERRORS = "An error was redirected before the address was checked."
_PKCE = "PKCE downgrade."
_REPLAY = "A single-use value was taken twice, or for another kind."
_REFRESH = "Refresh race."
_ASSERTION = "Assertion replay."
_JWT = "Key or algorithm of a JWT chosen by its sender."
_CSRF = "Login CSRF."
_SESSION = "Session fixation, mix-up of users."
_SIDE = "A policy was skipped in a side grant."
_SSRF = "The server was made to call an address inside."
_LOCK = "Who was locked out still came in."
_CSP = "The content security policy kills the way back to the app."
BUGS = [
    Row("CVE-2026-7504", f"{_REDIRECT} Many @.", "Keycloak"),
    Row("CVE-2026-3872", f"{_REDIRECT} ..;/", "Keycloak"),
    Row("CVE-2024-8883", f"{_REDIRECT} Loopback in front of another host.", "Keycloak"),
    Row("zitadel#12559", f"{_REDIRECT} %25@", "Zitadel"),
    Row("Authlib 1.8", f"{_REDIRECT} localhost:80@", "Authlib"),
    Row("CVE-2024-52289", f"{_REDIRECT} The dot of a regular expression.", "authentik"),
    Row("CVE-2020-15234", f"{_REDIRECT} Letter case.", "fosite"),
    Row("CVE-2020-15233", f"{_REDIRECT} More than the port of a loopback address.", "fosite"),
    Row("GHSA-9vm7", f"{_REDIRECT} form_post.jwt skipped the check.", ""),
    Row("CVE-2026-41479", _ERRORS, "Authlib"),
    Row("CVE-2026-44681", _ERRORS, "Authlib"),
    Row("CVE-2024-23647", _PKCE, "authentik"),
    Row("CVE-2024-22258", _PKCE, "Spring Authorization Server"),
    Row("CVE-2025-4144", _PKCE, "workers-oauth-provider"),
    Row("CVE-2026-4282", _REPLAY, "Keycloak"),
    Row("CVE-2026-4325", _REPLAY, "Keycloak"),
    Row("node-oauth2-server#637", _REPLAY, "node-oauth2-server"),
    Row("CVE-2026-1035", f"{_REFRESH} Check, then act.", "Keycloak"),
    Row("CVE-2026-9802", f"{_REFRESH} A restart forgot what was used.", "Keycloak"),
    Row("keycloak#50999", f"{_REFRESH} In one and the same second.", "Keycloak"),
    Row("keycloak#51312", f"{_REFRESH} With a revocation at the same moment.", "Keycloak"),
    Row("CVE-2020-15222", _ASSERTION, "fosite"),
    Row("CVE-2020-5300", _ASSERTION, "Hydra"),
    Row("CVE-2021-32701", "An answer about a token was remembered across scopes.", "Oathkeeper"),
    Row("CVE-2020-15223", "Revocation swallowed a storage error.", "fosite"),
    Row("CVE-2026-27962", _JWT, "Authlib"),
    Row("CVE-2022-39174", _JWT, "Authlib"),
    Row("CVE-2022-39175", _JWT, "Authlib"),
    Row("CVE-2022-21449", "A signature of two zeros.", "Java"),
    Row("GHSA-fg6f-75jq-6523", _CSRF, "Authlib"),
    Row("fastapi-sso#266", _CSRF, "fastapi-sso"),
    Row("CVE-2024-7341", _SESSION, "Keycloak"),
    Row("CVE-2025-12390", _SESSION, "Keycloak"),
    Row("CVE-2024-38371", _SIDE, "authentik"),
    Row("CVE-2024-52287", _SIDE, "authentik"),
    Row("CVE-2020-10770", f"{_SSRF} By request_uri.", "Keycloak"),
    Row("CVE-2026-1180", f"{_SSRF} By jwks_uri.", "Keycloak"),
    Row("CVE-2024-21637", "Markup or a scheme that runs, in a form_post page.", "authentik"),
    Row("CVE-2026-9798", _LOCK, "Keycloak"),
    Row("CVE-2026-16103", _LOCK, "Keycloak"),
    Row("CVE-2025-64521", _LOCK, "authentik"),
    Row(
        "bip322 0.1.7",
        "A witness key was compared with nothing: anybody signed for any segwit address.",
        "bip322",
    ),
    Row("xverse-core#223", "Every signature held for a taproot address.", "xverse-core"),
    Row("btclib#514", "The sighash flag of a signed message was not looked at.", "btclib"),
    Row("fastmcp#2302", _CSP, "fastmcp"),
    Row("fastmcp#3369", _CSP, "fastmcp"),
]
WALLETS = [
    Row(f"wallet {number}", rule)
    for number, rule in enumerate(
        (
            "A QR code relayed by a look-alike site opens no session there: only the browser that asked can claim.",
            "The host that wallets derive their keys from is a setting of its own.",
            "The text to sign is issued, stored, bound and good once.",
            "One account, several keys; what was proved with a key ends with it; the last one stays.",
            "The request of an app that waits for a sign-in cannot be swapped.",
            "Who somebody is comes from a session or a token, never from a field.",
        ),
        start=1,
    )
]
SECTIONS = [
    ("What must hold", "The checklist of OAuth 2.1, RFC 9700 and OpenID Connect.", MUSTS),
    (
        "Bugs of others",
        "Public bugs of other servers and libraries, and what keeps us from having them.",
        BUGS,
    ),
    ("Sign-in with a wallet", "Threats that password servers do not have.", WALLETS),
]
ROWS = [*MUSTS, *BUGS, *WALLETS]


def docstrings() -> Iterator[tuple[str, str]]:
    """Every test's id, and what it says of itself; the files are read, not run."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                said = re.sub(r"must_(\d+)_", r" MUST \1 ", node.name)
                yield f"{path.relative_to(ROOT)}::{node.name}", f"{said} {ast.get_docstring(node) or ''}"


def naming(row: Row, found: list[tuple[str, str]]) -> list[str]:
    """The tests that name this row."""
    named = re.compile(rf"(?<![\w#-]){re.escape(row.name)}(?![\w-]|\.[0-9])")
    return [test for test, text in found if named.search(text)]


def render() -> str:
    """The page."""
    found = list(docstrings())
    lines = [
        "# Security: from threat to test",
        "",
        "Written by `python -m tests.support.security_table` from the docstrings of the tests, and held to them by a test.",
        "To report a vulnerability, see [SECURITY.md](../SECURITY.md).",
    ]
    for title, text, rows in SECTIONS:
        lines += ["", f"## {title}", "", text, "", "| | rule or bug | tests |", "|---|---|---|"]
        for row in rows:
            named = "<br>".join(f"`{test}`" for test in naming(row, found))
            name = f"{row.name} ({row.seen_in})" if row.seen_in and row.seen_in not in row.name else row.name
            lines.append(f"| {name} | {row.rule} | {named} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
