"""Logs: JSON for machines or lines for people, rotated, with the request's id, and never a secret.

Redaction is the second line of defence; the first is that nobody logs a secret. Values under telling names are masked
whole, and what looks like a token, a cookie, a signature or a private key inside any text is masked in place.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

MAX_BYTES = 10_000_000
KEPT_FILES = 10
MASK = "[redacted]"

_SECRET_NAMES = re.compile(
    r"(?i)(^|[_-])(password|secret|token|signature|sig|cookie|authorization|assertion|verifier|code|k1|key_pem"
    r"|private|seed|descriptor)s?($|[_-])"
)
_HARMLESS_NAMES = {"status_code", "error_code", "exit_code", "event"}
_SECRET_SHAPES = re.compile(
    r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?"  # JWT
    r"|\b[a-zA-Z]prv[1-9A-HJ-NP-Za-km-z]{20,}"  # extended private key
    r"|\b[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}\b"  # WIF
    r"|\b[0-9a-fA-F]{128,}\b|\b30[0-9a-fA-F]{134,142}\b"  # signature in hex
    # Signature in base64, compact or BIP-322; an xpub is as long, and shows a whole wallet.
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86,}={0,2}"
    r"|(?i:bearer|dpop|basic|nostr)\s+[A-Za-z0-9._~+/=-]{8,}"  # Authorization header
    r"|(?i:(?:code|token|sig|k1|secret|state|password|code_verifier|session|browser|csrf)=)[^&;\s\"']+"  # query, cookie
    r"|://[^/\s:@]*:[^/\s]+@"  # credentials in a URL
)


def redact_text(text: str) -> str:
    """The text with everything masked that has the shape of a secret."""
    return _SECRET_SHAPES.sub(MASK, text)


def redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """structlog processor: mask secrets by name and by shape, in nested values too."""
    # What begins with "_" is structlog's own and is taken out before anything is written.
    return {key: value if key.startswith("_") else _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if key not in _HARMLESS_NAMES and _SECRET_NAMES.search(key):
        return MASK
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {redact_text(str(k)): _clean(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, v) for v in value]
    # Bytes, sets, exceptions …: what the renderer would write of them.
    return redact_text(repr(value))


class SharedRotatingFile(RotatingFileHandler):
    """A rotated file that several workers write to: one of them rotates, the others notice and follow."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT_FILES) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8", delay=True)
        self._lock_path = path.with_name(path.name + ".lock")

    def emit(self, record: logging.LogRecord) -> None:
        """Follow the file when another worker moved it, then write."""
        if self.stream is not None and not self._is_current():
            self.stream.close()
            self.stream = self._open()
        super().emit(record)

    def doRollover(self) -> None:  # noqa: N802 - the name that the base class calls
        """Rotate, unless another worker did so while we waited for the lock."""
        with self._lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._is_current():
                super().doRollover()
            elif self.stream is not None:
                self.stream.close()
                self.stream = self._open()

    def _is_current(self) -> bool:
        if self.stream is None:
            return False
        try:
            return Path(self.baseFilename).stat().st_ino == os.fstat(self.stream.fileno()).st_ino
        except (FileNotFoundError, ValueError):
            return False


def configure_logging(*, level: str, as_json: bool, file: Path | None) -> None:
    """Send everything to standard error and, when ``file`` is given, to a rotated file (10 MB, 10 kept)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    json_renderer = structlog.processors.JSONRenderer(sort_keys=False)
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(_formatter(shared, json_renderer if as_json else console))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(SharedRotatingFile(file))
        handlers[-1].setFormatter(_formatter(shared, json_renderer))
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(level)
    for noisy in ("asyncio", "aiosqlite", "sqlalchemy", "alembic"):
        logging.getLogger(noisy).setLevel(max(root.level, logging.WARNING))


def _formatter(shared: list[Any], renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
