"""Pushed authorization requests (RFC 9126), and the browsers that bring them."""

from __future__ import annotations

from tests.differential.case import CALLBACK, PAR, Case, asks, brings, pushes

OK, BAD, CLIENT = "201", "400: invalid_request", "401: invalid_client"
CODE, PAGE = "redirect: code", "page 400: invalid_request_uri"
JSON = {"Content-Type": "application/json"}

PUSHING = [
    pushes("all is right", OK),
    pushes("by post", OK, role="two"),
    pushes("of a public client", OK, role="spa"),
    pushes("of a native app with another port", OK, role="native", redirect_uri="http://127.0.0.1:5123/cb"),
    pushes("of an app that must", OK, role="pushing"),
    pushes("without client_id", OK, client_id=None),
    pushes("another client_id", BAD, client_id="@id:two@"),
    pushes("no client", CLIENT, auth="nothing", client_id=None),
    pushes("a wrong secret", CLIENT, auth="wrong basic"),
    pushes("no secret", CLIENT, auth="id"),
    pushes("an unknown client", CLIENT, auth="stranger basic", client_id=None),
    pushes("basic and post", BAD, auth="both"),
    pushes("a client without redirect URIs", BAD, role="service", redirect_uri=CALLBACK),
    pushes("no redirect_uri", BAD, redirect_uri=None),
    pushes("no redirect_uri, two registered", BAD, role="two", redirect_uri=None),
    pushes("another redirect_uri", BAD, redirect_uri="https://evil.example/"),
    pushes("redirect_uri twice", BAD, redirect_uri=[CALLBACK, CALLBACK]),
    pushes("no response_type", BAD, response_type=None),
    pushes("response_type token", "400: unsupported_response_type", response_type="token"),
    pushes("response_mode unknown", BAD, response_mode="pigeon"),
    pushes("response_mode form_post", OK, response_mode="form_post"),
    pushes("no scope", OK, scope=None),
    pushes("an unknown scope", "400: invalid_scope", scope="nothing"),
    pushes("a scope that the app may not have", "400: invalid_scope", role="narrow", scope="openid chat"),
    pushes("a broken scope", "400: invalid_scope", scope='"'),
    pushes("no PKCE", BAD, code_challenge=None, code_challenge_method=None),
    pushes("PKCE plain", BAD, code_challenge_method="plain"),
    pushes("a short code_challenge", BAD, code_challenge="x" * 42),
    pushes("prompt none", OK, prompt="none"),
    pushes("prompt none login", BAD, prompt="none login"),
    pushes("prompt unknown", BAD, prompt="dance"),
    pushes("max_age -1", BAD, max_age="-1"),
    pushes("claims that are no JSON", BAD, claims="{"),
    pushes("id_token_hint that is none", BAD, id_token_hint="hello"),
    pushes("id_token_hint", OK, id_token_hint="@id-token@"),
    pushes("id_token_hint, altered", BAD, id_token_hint="@id-token@x"),
    pushes("an API", OK, resource="https://api.example/one"),
    pushes("an unknown API", "400: invalid_target", resource="https://api.example/three"),
    pushes("state twice", BAD, state=["a", "b"]),
    pushes("scope twice", BAD, scope=["openid", "openid"]),
    pushes("a request object", "400: request_not_supported", request="a.b.c"),
    pushes("a request_uri", BAD, request_uri="https://app.example/r"),
    pushes("a request_uri that was pushed", BAD, request_uri="@pushed@"),
    pushes("registration", "400: registration_not_supported", registration="{}"),
    pushes("parameters that nobody knows", OK, audience="x", foo="bar"),
    pushes("by GET", "405: method_not_allowed", method="GET"),
    pushes("by PUT", "405: method_not_allowed", method="PUT"),
    pushes("in JSON", BAD, headers=JSON),
    Case("par: nothing but a client", BAD, PAR, method="POST"),
]

BRINGING = [
    brings("all is right, signed out", "page: sign-in", who="out"),
    brings("all is right, signed in", "page: consent", who="in"),
    brings("all is right, allowed before", CODE),
    brings("of a public client", CODE, role="spa"),
    brings("of an app that must", CODE, role="pushing"),
    brings("after somebody has seen it", CODE, "@pushed-and-seen@"),
    brings("answered before", PAGE, "@pushed-and-answered@"),
    brings("of another app", PAGE, "@pushed:two@"),
    brings("altered", PAGE, "@pushed@x"),
    brings("without client_id", "page 400: invalid_request", client_id=None),
    brings("silently, signed out", "redirect: login_required", "@pushed-silent@", who="out"),
    brings("silently, allowed before", CODE, "@pushed-silent@"),
    brings("by fragment", "fragment: code", "@pushed-fragment@"),
    brings("with another state beside it", CODE, state="other"),
    brings("with another scope beside it", CODE, scope="nothing"),
    brings("with another redirect_uri beside it", CODE, redirect_uri="https://evil.example/"),
    brings("with another response_type beside it", CODE, response_type="token"),
    brings("with another prompt beside it", CODE, prompt="login"),
    brings("with a request object beside it", CODE, request="a.b.c"),
    asks("an app that must push does not", "redirect: invalid_request", role="pushing"),
]

PAR_CASES: list[Case] = [*PUSHING, *BRINGING]
