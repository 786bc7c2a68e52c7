"""Authorization requests: what is asked of the user, how they must be signed in, and everything that hints at it."""

from __future__ import annotations

import json

from tests.differential.case import CALLBACK, Case, asks

BACK = "redirect: invalid_request"
NO_SCOPE = "redirect: invalid_scope"
NEXT = "page: sign-in"
CODE = "redirect: code"

SCOPES = [
    asks("no scope", NEXT, scope=None),
    asks("empty scope", NEXT, scope=""),
    asks("openid alone", NEXT, scope="openid"),
    asks("no openid", NEXT, scope="profile:read"),
    asks("an unknown scope", NO_SCOPE, scope="nothing"),
    asks("an unknown scope more", CODE, who="agreed", scope="openid profile:read email groups"),
    asks("a scope that the app may not have", NO_SCOPE, role="narrow", scope="openid wallet:read"),
    asks("a new scope", "page: consent", who="agreed", scope="openid wallet:read"),
    asks("fewer scopes than allowed", CODE, who="agreed", scope="openid"),
    asks("scopes in another order", CODE, who="agreed", scope="profile:read openid"),
    asks("a scope twice", CODE, who="agreed", scope="openid openid profile:read"),
    asks("two spaces in scope", CODE, who="agreed", scope="openid  profile:read"),
    asks("a space around scope", CODE, who="agreed", scope=" openid profile:read "),
    asks("a tab in scope", NO_SCOPE, scope="openid\tprofile:read"),
    asks("quotes in scope", NO_SCOPE, scope='openid "x"'),
    asks("a backslash in scope", NO_SCOPE, scope="openid a\\b"),
    asks("letters that are not ASCII in scope", NO_SCOPE, scope="openid prôfile"),
    asks("scope parameter twice", BACK, scope=["openid", "profile:read"]),
    asks("offline_access without prompt", "page: consent", who="agreed", scope="openid offline_access"),
    asks(
        "offline_access with consent",
        "page: consent",
        who="agreed",
        scope="openid offline_access",
        prompt="consent",
    ),
    asks("offline_access silently", CODE, who="agreed", scope="openid offline_access", prompt="none"),
    asks("offline_access of an app without it", NO_SCOPE, role="narrow", scope="openid offline_access"),
]

PROMPTS = [
    asks("prompt none, signed out", "redirect: login_required", prompt="none"),
    asks("prompt none, not allowed yet", "redirect: consent_required", who="in", prompt="none"),
    asks("prompt none, allowed before", CODE, who="agreed", prompt="none"),
    asks("prompt none, native", "redirect: consent_required", role="native", who="agreed", prompt="none"),
    asks("prompt none by fragment", "fragment: login_required", prompt="none", response_mode="fragment"),
    asks(
        "prompt none and a new scope",
        "redirect: consent_required",
        who="agreed",
        prompt="none",
        scope="openid wallet:read",
    ),
    asks("prompt none login", BACK, prompt="none login"),
    asks("prompt none none", "redirect: login_required", prompt="none none"),
    asks("prompt unknown", BACK, prompt="dance"),
    asks("prompt in capitals", BACK, prompt="NONE"),
    asks("prompt unknown beside a known one", BACK, prompt="login dance"),
    asks("empty prompt", CODE, who="agreed", prompt=""),
    asks("prompt twice", BACK, prompt=["login", "consent"]),
    asks("prompt login", NEXT, who="agreed", prompt="login"),
    asks("prompt consent", "page: consent", who="agreed", prompt="consent"),
    asks("prompt login consent", NEXT, who="agreed", prompt="login consent"),
    asks("prompt select_account", NEXT, who="agreed", prompt="select_account"),
    asks("prompt select_account consent", NEXT, who="out", prompt="select_account consent"),
    asks("prompt create", NEXT, who="agreed", prompt="create"),
]

AGES = [
    asks("max_age 0", NEXT, who="agreed", max_age="0"),
    asks("max_age 1, signed in before", NEXT, who="agreed", max_age="1"),
    asks("max_age 10000", CODE, who="agreed", max_age="10000"),
    asks("max_age 0 silently", "redirect: login_required", who="agreed", max_age="0", prompt="none"),
    asks("max_age 1 silently", "redirect: login_required", who="agreed", max_age="1", prompt="none"),
    asks("empty max_age", CODE, who="agreed", max_age=""),
    asks("max_age twice", BACK, max_age=["1", "1"]),
    *(
        asks(f"max_age {text!r}", BACK, who="agreed", max_age=text)
        for text in ("-1", "soon", "1.5", "+5", "5 ", "1e3", "0x1000", "9" * 30)
    ),
]

HINTS = [
    asks("id_token_hint", CODE, who="agreed", id_token_hint="@id-token@"),
    asks("id_token_hint silently", CODE, who="agreed", id_token_hint="@id-token@", prompt="none"),
    asks("id_token_hint of somebody else", NEXT, who="agreed", id_token_hint="@other-id-token@"),
    asks(
        "id_token_hint of somebody else silently",
        "redirect: login_required",
        who="agreed",
        id_token_hint="@other-id-token@",
        prompt="none",
    ),
    asks("id_token_hint of another app", BACK, who="agreed", id_token_hint="@id-token:two@"),
    asks("id_token_hint, altered", BACK, who="agreed", id_token_hint="@id-token@x"),
    asks("id_token_hint, an access token", BACK, who="agreed", id_token_hint="@access@"),
    asks("id_token_hint that is none", BACK, who="agreed", id_token_hint="hello"),
    asks(
        "id_token_hint without a signature",
        BACK,
        who="agreed",
        id_token_hint="eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    ),
    asks("id_token_hint twice", BACK, id_token_hint=["a.b.c", "a.b.c"]),
    asks("empty id_token_hint", CODE, who="agreed", id_token_hint=""),
    asks("login_hint", CODE, who="agreed", login_hint="somebody@example.com"),
    asks("login_hint that is long", CODE, who="agreed", login_hint="x" * 2000),
    asks("login_hint twice", BACK, login_hint=["a", "b"]),
    asks("acr_values", CODE, who="agreed", acr_values="urn:hodlxxi:acr:key"),
    asks("acr_values that nobody has", CODE, who="agreed", acr_values="gold urn:hodlxxi:acr:two-keys"),
    asks("display", CODE, who="agreed", display="popup"),
    asks("display unknown", CODE, who="agreed", display="hologram"),
    asks("ui_locales", CODE, who="agreed", ui_locales="fr-CA fr en"),
    asks("claims_locales", CODE, who="agreed", claims_locales="fr"),
    asks("parameters that nobody knows", CODE, who="agreed", access_type="offline", audience="x", foo="bar"),
    asks("an unknown parameter twice", CODE, who="agreed", foo=["a", "b"]),
]


def _claims(name: str, ours: str, value: object, who: str = "agreed", **changes: str) -> Case:
    return asks(f"claims {name}", ours, who=who, claims=json.dumps(value), **changes)


CLAIMS = [
    asks("claims that are no JSON", BACK, claims="{"),
    asks("empty claims", CODE, who="agreed", claims=""),
    asks("claims twice", BACK, claims=["{}", "{}"]),
    _claims("an array", BACK, []),
    _claims("a text", BACK, "name"),
    _claims("empty", CODE, {}),
    _claims("with an id_token that is no object", BACK, {"id_token": "name"}),
    _claims("with a userinfo that is no object", BACK, {"userinfo": []}),
    _claims("with a member that is no object", BACK, {"userinfo": {"sub": True}}),
    _claims("with an unknown member that is no object", CODE, {"userinfo": {"shoe_size": 46}}),
    _claims("with a sub that is a number", BACK, {"id_token": {"sub": {"value": 7}}}),
    _claims("of nobody's knowledge", CODE, {"userinfo": {"shoe_size": None}}),
    _claims("with unknown members", CODE, {"other": {"name": None}, "userinfo": {"sub": None}}),
    _claims("auth_time", CODE, {"id_token": {"auth_time": {"essential": True}}}),
    _claims("name, not allowed yet", "page: consent", {"userinfo": {"name": {"essential": True}}}),
    _claims("somebody else's sub", NEXT, {"id_token": {"sub": {"value": "02ab"}}}),
    _claims(
        "somebody else's sub silently",
        "redirect: login_required",
        {"id_token": {"sub": {"value": "02ab"}}},
        prompt="none",
    ),
    _claims(
        "essential acr that is there",
        CODE,
        {"id_token": {"acr": {"essential": True, "values": ["urn:hodlxxi:acr:key"]}}},
    ),
    _claims(
        "essential acr that is stronger",
        NEXT,
        {"id_token": {"acr": {"essential": True, "values": ["urn:hodlxxi:acr:two-keys"]}}},
    ),
    _claims("voluntary acr", CODE, {"id_token": {"acr": {"values": ["urn:hodlxxi:acr:two-keys"]}}}),
    _claims(
        "essential acr that nobody has",
        "redirect: unmet_authentication_requirements",
        {"id_token": {"acr": {"essential": True, "values": ["gold"]}}},
    ),
    asks("claims of 9000 bytes", BACK, claims=json.dumps({"userinfo": {"x" * 9000: None}})),
]

OTHERS = [
    asks("state with everything", CODE, who="agreed", state="a b&c=d+e%25/é\"'<>"),
    asks("no state", CODE, who="agreed", state=None),
    asks("empty state", CODE, who="agreed", state=""),
    asks("state twice", BACK, state=["a", "b"]),
    asks("state of 2048", CODE, who="agreed", state="s" * 2048),
    asks("state of 2049", BACK, who="agreed", state="s" * 2049),
    asks("nonce", CODE, who="agreed", nonce="n-1"),
    asks("empty nonce", CODE, who="agreed", nonce=""),
    asks("nonce twice", BACK, nonce=["a", "b"]),
    asks("nonce of 512", CODE, who="agreed", nonce="n" * 512),
    asks("nonce of 513", BACK, who="agreed", nonce="n" * 513),
    asks("nonce without openid", CODE, who="agreed", nonce="n", scope="profile:read"),
    asks("max_age without openid", CODE, who="agreed", max_age="10000", scope="profile:read"),
    asks("a request object", "redirect: request_not_supported", request="eyJhbGciOiJub25lIn0.e30."),
    asks(
        "a request object and nothing else",
        "redirect: request_not_supported",
        request="a.b.c",
        response_type=None,
        scope=None,
        state=None,
    ),
    asks("request twice", "redirect: request_not_supported", request=["a.b.c", "a.b.c"]),
    asks(
        "request_uri of the web", "redirect: request_uri_not_supported", request_uri="https://app.example/r"
    ),
    asks("request_uri that is none", "redirect: request_uri_not_supported", request_uri="hello"),
    asks("request_uri twice", "page 400: invalid_request", request_uri=["urn:a:b", "urn:a:b"]),
    asks(
        "request_uri that was never pushed",
        "page 400: invalid_request_uri",
        request_uri="urn:ietf:params:oauth:request_uri:" + "x" * 43,
    ),
    asks(
        "request and request_uri",
        "redirect: request_not_supported",
        request="a.b.c",
        request_uri="https://a.example/",
    ),
    asks("registration", "redirect: registration_not_supported", registration="{}"),
    asks("resource", NEXT, resource="@issuer@"),
    asks("resource twice", NEXT, resource=["@issuer@", "@issuer@"]),
    asks("empty resource", NEXT, resource=""),
    *(
        asks(f"resource {name}", "redirect: invalid_target", resource=resource)
        for name, resource in {
            "unknown": "https://api.example/",
            "that is a path": "/api",
            "with a fragment": "https://api.example/#x",
            "that is a word": "api",
        }.items()
    ),
    asks(
        "a known and an unknown resource",
        "redirect: invalid_target",
        resource=["@issuer@", "https://api.example/"],
    ),
    asks("a parameter that is no UTF-8", "page 400: invalid_request", who="agreed", raw="&login_hint=%ff%fe"),
    asks("all over again by POST", "page: consent", who="in", method="POST", prompt="consent"),
    asks("two things wrong: scope and PKCE", NO_SCOPE, scope="nothing", code_challenge=None),
    asks(
        "two things wrong: response_type and scope",
        "redirect: unsupported_response_type",
        response_type="token",
        scope="nothing",
    ),
    asks(
        "two things wrong: prompt and client",
        "page 400: invalid_client",
        prompt="dance",
        client_id="app_nobody",
        redirect_uri=CALLBACK,
    ),
]

LOGIN_CASES: list[Case] = [*SCOPES, *PROMPTS, *AGES, *HINTS, *CLAIMS, *OTHERS]
