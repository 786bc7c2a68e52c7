"""The application for an ASGI server: ``hodlxxi.asgi:app``. ``hodlxxi serve`` is the usual way to start it."""

from __future__ import annotations

from hodlxxi.app import create_app
from hodlxxi.kit.log import configure_logging
from hodlxxi.settings import load_settings

settings = load_settings()
configure_logging(level=settings.log_level, as_json=settings.logs_json(), file=settings.log_path())
app = create_app(settings)
