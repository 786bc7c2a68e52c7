"""HTML pages from the templates in ``hodlxxi/pages``, compiled once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent.parent / "pages"
STATIC_FOLDER = FOLDER / "static"

_HINTS = {
    400: "Go back and try again. If an app sent you here, tell its developer the words below.",
    401: "Sign in again to go on.",
    403: "Go back to the page that you came from and try again.",
    404: "Check the address, or start at the home page.",
    429: "Wait a moment, then try again.",
    503: "Nothing is lost. Try again in a moment.",
}


class Pages:
    """Renders templates; made once per process."""

    def __init__(self, *, service_name: str, version: str, banner: str | None = None) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            cache_size=64,
        )
        self._templates.globals |= {
            "service_name": service_name,
            "version": version,
            "banner": banner,
            "static": lambda path: f"/static/{path}?v={version}",
        }

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """A page. ``signed_in`` and ``csrf`` default to nobody."""
        defaults = {
            "signed_in": None,
            "csrf": "",
            "status": status,
            "request_id": request.scope["state"]["request_id"],
        }
        text = self._templates.get_template(template).render(defaults | context)
        return HTMLResponse(
            text,
            status_code=status,
            headers={"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})},
        )

    def error(
        self,
        request: Request,
        status: int,
        error: str,
        description: str,
        headers: dict[str, str] | None = None,
    ) -> HTMLResponse:
        """The error page: the machine's word, the sentence for people, and what to do next."""
        return self.render(
            request,
            "error.html",
            status=status,
            headers=headers,
            error=error,
            description=description,
            hint=_HINTS.get(status),
        )


class Assets(StaticFiles):
    """The built files. They are small and leave whole: a broken ``Range`` is then no error (RFC 9110 §14.2)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        headers = [field for field in scope["headers"] if field[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)
