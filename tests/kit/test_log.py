"""No log line holds a secret, whatever way it came there; and what an operator needs to read is left alone."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hodlxxi.kit import log as kit_log
from hodlxxi.kit.log import MASK, SharedRotatingFile, configure_logging, redact_text
from tests.support.signer import TestKey

KEY = TestKey(7)
TEXT = "example.org wants you to sign in with your Bitcoin account:"
OPAQUE = "Zm9yX3RoZV90ZXN0X29ubHlfbm90X2Ffc2VjcmV0X2F0"  # 44 characters, as a token is
BIP322 = base64.b64encode(bytes([2, 72, *range(72), 33, *range(33)])).decode()

SECRETS = {
    "jwt": ("token was eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMmFiIn0.c2lnbmF0dXJl here", "c2lnbmF0dXJl"),
    "jwt-unsigned": ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMmFiIn0.", "eyJzdWIiOiIwMmFiIn0"),
    "compact-signature": (f"got {KEY.sign_compact(TEXT)} for it", KEY.sign_compact(TEXT)),
    "rs-in-base64": (base64.b64encode(bytes(range(64))).decode(), base64.b64encode(bytes(range(64))).decode()[:60]),
    "rs-in-hex": (f"signature {KEY.sign_rs(TEXT)}", KEY.sign_rs(TEXT)),
    "der-in-hex": (f"signature {KEY.sign_der(TEXT)}.", KEY.sign_der(TEXT)),
    "der-in-upper-case": (f"({KEY.sign_der(TEXT).upper()})", KEY.sign_der(TEXT).upper()),
    "bip-322": (f"proof {BIP322}", BIP322[:80]),
    "xprv": ("xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJ", "kejMRNNU3"),  # noqa: E501
    "tprv": ("wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/0h)", "UWwx8UbK"),  # noqa: E501
    "xpub-as-it-shows-a-whole-wallet": ("xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8", "S5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2g"),  # noqa: E501
    "wif-compressed": ("KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn", "LrciVrZi3qYjgd9M7rFU73sVHnoWn"),
    "wif-uncompressed": ("5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf.", "3kEsreAnchuDf"),
    "wif-testnet": ("cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA", "jZodMN87JcbXMTcA"),
    "bearer": (f"Authorization: Bearer {OPAQUE}", OPAQUE),
    "bearer-in-lower-case": (f"authorization: bearer {OPAQUE}", OPAQUE),
    "dpop": (f"DPoP {OPAQUE}", OPAQUE),
    "basic": ("Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "czZCaGRSa3F0MzpnWDFmQmF0M2JW"),
    "nostr": (f"Authorization: Nostr {OPAQUE}", OPAQUE),
    "session-cookie": (f"Cookie: theme=dark; session={OPAQUE}; browser=abcdefghijklmnopqrstuv", OPAQUE),
    "browser-cookie": (f"cookie: browser={OPAQUE}", OPAQUE),
    "set-cookie": (f"Set-Cookie: session={OPAQUE}; Path=/; HttpOnly", OPAQUE),
    "database-url": ("cannot connect to postgresql://hodlxxi:s3cr3t-pass@db.example.org/hodlxxi", "s3cr3t"),
    "database-url-with-an-at-sign": ("postgresql://hodlxxi:s3c@r3t@db.example.org/hodlxxi", "r3t"),
    "redis-url-without-a-user": ("redis://:s3cr3t-pass@127.0.0.1:6379/0", "s3cr3t"),
    "rpc-url": ("http://rpcuser:hunter2@127.0.0.1:8332", "hunter2"),
    "code-in-a-query": (f"GET /cb?code={OPAQUE}&iss=https://login.example.org", OPAQUE),
    "k1-in-a-query": ("/api/lnurl-auth/callback/x?tag=login&k1=" + "a1" * 32 + "&action=login", "a1" * 32),
    "sig-in-a-query": ("/callback/x?sig=30450221&key=02ab", "30450221"),
    "verifier": (f"grant_type=authorization_code&code_verifier={OPAQUE}", OPAQUE),
    "client-secret": (f"client_id=a&client_secret={OPAQUE}&x=1", OPAQUE),
    "refresh-token": (f"refresh_token={OPAQUE}", OPAQUE),
    "claim-token": (f"claim_token={OPAQUE}", OPAQUE),
    "csrf": (f"csrf={OPAQUE}&next=/", OPAQUE),
    "password-in-a-form": ("user=a&password=correct-horse", "correct-horse"),
}  # fmt: skip

HARMLESS = {
    "txid": "txid " + "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
    "pubkey": "pubkey " + KEY.pubkey_hex,
    "pubkey-by-the-thousand": " ".join(TestKey(n).pubkey_hex for n in range(1, 20)),
    "addresses": f"{KEY.p2pkh()} {KEY.p2sh_p2wpkh()} {KEY.p2wpkh()}",
    "digest": hashlib.sha256(b"").hexdigest(),
    "url": "https://login.example.org:8443/oauth/authorize?client_id=abc&response_type=x",
    "time": "2042-01-05T12:00:00Z in 3.5 ms, status 200",
    "ipv6": "2001:db8::5 asked for /health",
    "a-long-path": "/usr/lib/python3/dist-packages/" + "folder_name/" * 12 + "module.py",
    "request-id": "0123456789abcdef0123456789abcdef",
    "uuid": "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    "a-word": "the bearer of bad news signed in and the code is fine",
}


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """A log of our own; logging is as it was afterwards."""
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    path = tmp_path / "logs" / "app.log"
    configure_logging(level="INFO", as_json=True, file=path)
    yield path
    for handler in root.handlers:
        if handler not in kept:
            handler.close()
    root.handlers, root.level = kept, level
    structlog.reset_defaults()


@pytest.mark.parametrize("name", SECRETS)
def test_what_looks_like_a_secret_is_masked_in_any_text(name: str) -> None:
    """MUST 30: the second line of defence."""
    text, secret = SECRETS[name]
    assert secret
    assert secret in text
    cleaned = redact_text(text)
    assert secret not in cleaned
    assert MASK in cleaned


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_facts_survive(name: str) -> None:
    assert redact_text(HARMLESS[name]) == HARMLESS[name]


def test_the_host_of_a_database_survives_its_password() -> None:
    cleaned = redact_text("cannot connect to postgresql://hodlxxi:s3cr3t@db.example.org:5432/hodlxxi")
    assert "db.example.org:5432/hodlxxi" in cleaned


@pytest.mark.parametrize(
    "path", ["message", "value", "nested", "listed", "bytes", "object", "error", "stdlib"]
)
def test_no_secret_reaches_the_file_whichever_way_it_is_logged(log_file: Path, path: str) -> None:
    logger = structlog.get_logger("test")
    for text, _ in SECRETS.values():
        match path:
            case "message":
                logger.info(text)
            case "value":
                logger.info("event", note=text)
            case "nested":
                logger.info("event", facts={"inner": [{"note": text}]})
            case "listed":
                logger.info("event", notes=(text, [text]), more={text})
            case "bytes":
                logger.info("event", note=text.encode())
            case "object":
                logger.info("event", error=ValueError(text))
            case "error":
                _log_traceback(text)
            case "stdlib":
                logging.getLogger("other").warning("it was %s", text, extra={"note": text})
    written = log_file.read_text(encoding="utf-8")
    assert len(written.splitlines()) == len(SECRETS)
    for name, (_, secret) in SECRETS.items():
        assert secret not in written, name


def _log_traceback(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        structlog.get_logger("test").exception("bug")


def test_a_traceback_of_a_library_is_cleaned_too(log_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(f"session={OPAQUE}")
    except ValueError:
        logging.getLogger("library").exception("it broke")
    lines = log_file.read_text(encoding="utf-8")
    assert "ValueError" in lines
    assert OPAQUE not in lines
    assert OPAQUE not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "password", "secret_key", "client_secret", "access_token", "token", "tokens", "signature", "sig", "cookie",
        "cookies", "set-cookie", "Set-Cookie", "authorization", "Authorization", "client_assertion", "code",
        "code_verifier", "k1", "private_key", "seed", "descriptor", "session_token", "api-token",
    ],
)  # fmt: skip
def test_a_telling_name_masks_its_value_whatever_it_is(log_file: Path, name: str) -> None:
    logger = structlog.get_logger("test")
    logger.info("event", **{name: "harmless-looking"})
    logger.info("event", headers={name: ["harmless-looking", b"harmless-looking"]})
    logger.info("event", **{name: {"harmless-looking": "harmless-looking"}})
    assert "harmless-looking" not in log_file.read_text(encoding="utf-8")


def test_facts_keep_their_shape_and_the_request_id_stands_in_every_line(log_file: Path) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-12345"):
        structlog.get_logger("http").info(
            "request", status=200, ms=1.5, seed_form=True, error_code="csrf", code=None, key=KEY.pubkey_hex
        )
        logging.getLogger("library").warning("also")
    first, second = (json.loads(line) for line in log_file.read_text(encoding="utf-8").splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "request",
        "logger": "http",
        "level": "info",
        "request_id": "req-12345",
        "status": 200,
        "ms": 1.5,
        "seed_form": True,
        "error_code": "csrf",
        "code": None,
        "key": KEY.pubkey_hex,
    }
    assert second["request_id"] == "req-12345"


def test_levels_below_the_configured_one_are_not_written(log_file: Path) -> None:
    structlog.get_logger("test").debug("quiet")
    logging.getLogger("asyncio").info("noise of a library")
    assert not log_file.exists()


def test_the_file_rotates_at_ten_megabytes_and_ten_are_kept(log_file: Path) -> None:
    handler = next(h for h in logging.getLogger().handlers if isinstance(h, SharedRotatingFile))
    assert (handler.maxBytes, handler.backupCount) == (10_000_000, 10)
    handler.maxBytes = 2000
    for number in range(200):
        structlog.get_logger("test").info("line", number=number, text="x " * 75)
    files = [file for file in log_file.parent.iterdir() if file.suffix != ".lock"]
    assert len(files) == 1 + kit_log.KEPT_FILES
    assert all(file.stat().st_size <= 2000 for file in files)
    assert '"number":199' in log_file.read_text(encoding="utf-8").replace(" ", "")


def test_workers_that_share_the_file_lose_no_line_when_one_of_them_rotates_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    workers = [SharedRotatingFile(path, max_bytes=1000, kept=50) for _ in range(4)]
    for number in range(400):
        record = logging.LogRecord("test", logging.INFO, __file__, 1, f"<line {number}>", None, None)
        workers[number % 4].handle(record)
    for worker in workers:
        worker.close()
    files = [file for file in tmp_path.iterdir() if file.suffix != ".lock"]
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    assert len(files) >= 5
    assert all(written.count(f"<line {number}>") == 1 for number in range(400))
    assert all(file.stat().st_size <= 1100 for file in files)


def test_lines_for_people_are_cleaned_like_the_others(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for handler in logging.getLogger().handlers:
        handler.close()
    configure_logging(level="INFO", as_json=False, file=None)
    structlog.get_logger("test").info(
        "signed_in", pubkey=KEY.pubkey_hex, token=OPAQUE, note=f"session={OPAQUE}"
    )
    written = capsys.readouterr().err
    assert OPAQUE not in written
    assert KEY.pubkey_hex in written
