"""The applications that the servers are compared with: a bare ASGI answer, a Starlette route, and a Socket.IO relay."""

from __future__ import annotations

from typing import Any

import socketio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")


@sio.event
async def connect(sid: str, _environ: dict[str, Any], auth: dict[str, str] | None) -> None:
    """Join the room of the user that the client names."""
    await sio.enter_room(sid, (auth or {}).get("user", "anyone"))


@sio.event
async def relay(_sid: str, data: dict[str, Any]) -> bool:
    """Hand a message to another user; the answer is the acknowledgement."""
    await sio.emit("relay", data, room=data["to"])
    return True


async def plain(_request: Request) -> JSONResponse:
    """A small JSON answer."""
    return JSONResponse({"ok": True})


web = Starlette(routes=[Route("/plain", plain)])
sockets = socketio.ASGIApp(sio)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """``/bare`` without a framework, ``/socket.io/`` to Socket.IO, the rest to Starlette."""
    path = scope.get("path", "")
    if path == "/bare":
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"11")]}
        await send(head)
        await send({"type": "http.response.body", "body": b'{"ok":true}'})
    elif path.startswith("/socket.io/"):
        await sockets(scope, receive, send)
    else:
        await web(scope, receive, send)
