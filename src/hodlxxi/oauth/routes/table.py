"""Every route of the provider, and which of them pages of other sites may call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.routing import Route

from hodlxxi.identity.caller import Caller
from hodlxxi.oauth.bearer import find_caller
from hodlxxi.oauth.device import PATH
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.authorize import AuthorizePage
from hodlxxi.oauth.routes.developers import PATH as DEVELOPERS
from hodlxxi.oauth.routes.developers import DeveloperPages
from hodlxxi.oauth.routes.device import DevicePage
from hodlxxi.oauth.routes.logout import PATH as LOGOUT_PATH
from hodlxxi.oauth.routes.logout import LogoutPage
from hodlxxi.oauth.routes.possession import api_call
from hodlxxi.oauth.routes.resources import Documents, Resources
from hodlxxi.oauth.routes.token import RegisterEndpoint, TokenEndpoint
from hodlxxi.oauth.routes.trial import TrialPages
from hodlxxi.oauth.rules.trial import CALLBACK_PATH

_WELL_KNOWN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
_RESOURCE = "/.well-known/oauth-protected-resource"
# They read no cookie, so any origin may call them. Never ``/oauth/authorize`` or ``/device``, nor what is for servers alone.
OPEN_PATHS = frozenset(
    {
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/par",
        "/oauth/device_authorization",
        "/oauth/register",
        "/oauth/userinfo",
        "/oauth/jwks.json",
        "/api/demo/protected",
        _RESOURCE,
        *_WELL_KNOWN,
    }
)
OPEN_PREFIX = "/oauth/register/"


def is_open_to_all_origins(path: str) -> bool:
    """Whether CORS admits any origin here (unless the operator narrows it)."""
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIX)


def oauth_routes(room: OAuthRoom) -> list[Route]:
    """Every route of this room."""
    page, token, registration = AuthorizePage(room), TokenEndpoint(room), RegisterEndpoint(room)
    device = DevicePage(room)
    resources, documents, leaving = Resources(room), Documents(room), LogoutPage(room)
    return [
        Route("/oauth/authorize", page.show, methods=["GET"]),
        Route("/oauth/authorize", page.submit, methods=["POST"]),
        Route("/oauth/token", token.post, methods=["POST"]),
        Route("/oauth/revoke", token.revoke, methods=["POST"]),
        Route("/oauth/introspect", token.introspect, methods=["POST"]),
        Route("/oauth/par", token.push, methods=["POST"]),
        Route("/oauth/device_authorization", token.start_device, methods=["POST"]),
        Route(PATH, device.show, methods=["GET"]),
        Route(PATH, device.submit, methods=["POST"]),
        Route("/oauth/register", registration.create, methods=["POST"]),
        Route("/oauth/register/{client_id}", registration.read, methods=["GET"]),
        Route("/oauth/register/{client_id}", registration.change, methods=["PUT"]),
        Route("/oauth/register/{client_id}", registration.remove, methods=["DELETE"]),
        Route(LOGOUT_PATH, leaving.show, methods=["GET"]),
        Route(LOGOUT_PATH, leaving.submit, methods=["POST"]),
        Route("/oauth/userinfo", resources.userinfo, methods=["GET", "POST"]),
        Route("/oauth/jwks.json", documents.jwks, methods=["GET"]),
        Route(_RESOURCE, documents.resource, methods=["GET"]),
        *(Route(path, documents.discovery, methods=["GET"]) for path in _WELL_KNOWN),
        Route("/api/demo/protected", resources.protected, methods=["GET"]),
        *_developer_routes(room),
    ]


def _developer_routes(room: OAuthRoom) -> list[Route]:
    """The pages for those who develop apps."""
    pages, trial = DeveloperPages(room), TrialPages(room)
    one = f"{DEVELOPERS}/apps/{{client_id}}"
    return [
        Route(DEVELOPERS, pages.home, methods=["GET"]),
        Route(f"{DEVELOPERS}/new", pages.new, methods=["GET"]),
        Route(f"{DEVELOPERS}/new", pages.register, methods=["POST"]),
        Route(CALLBACK_PATH, trial.callback, methods=["GET"]),
        Route(one, pages.app, methods=["GET"]),
        Route(f"{one}/edit", pages.edit, methods=["GET"]),
        Route(f"{one}/edit", pages.change, methods=["POST"]),
        Route(f"{one}/secret", pages.rotate, methods=["POST"]),
        Route(f"{one}/delete", pages.remove, methods=["POST"]),
        Route(f"{one}/test", trial.show, methods=["GET"]),
        Route(f"{one}/test", trial.add_address, methods=["POST"]),
    ]


def authenticate_bearer(room: OAuthRoom) -> Callable[[Request], Awaitable[Caller | None]]:
    """An ``Authenticate`` by bearer token, for the rooms that take one beside the session."""

    async def authenticate(request: Request) -> Caller | None:
        return await find_caller(room, api_call(room, request))

    return authenticate
