"""Configuration to copy, for the frameworks that people use, filled in with an app's own values. Never with its secret.

Values are quoted as each language wants it: a redirect URI may hold quotes and dollar signs.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from hodlxxi.oauth.rules.clients import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    PRIVATE_KEY_JWT,
    Client,
)

_SECRET = "CLIENT_SECRET"  # noqa: S105 - the placeholder
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text to copy. ``note`` says what else belongs to it."""

    name: str
    title: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What goes into the texts."""

    issuer: str
    client: Client

    @property
    def client_id(self) -> str:
        return self.client.client_id

    @property
    def scope(self) -> str:
        """The scopes, ``openid`` first, as some libraries look only there."""
        scopes = self.client.metadata.scopes
        return " ".join(sorted(scopes, key=lambda name: name != "openid"))

    @property
    def redirect_uri(self) -> str:
        return next(iter(self.client.metadata.redirect_uris), "https://app.example/callback")

    @property
    def logout_uri(self) -> str | None:
        return next(iter(self.client.metadata.post_logout_redirect_uris), None)


def snippets_for(issuer: str, client: Client) -> list[Snippet]:
    """What fits this app, the likeliest first."""
    setup, grants = Setup(issuer, client), client.metadata.grant_types
    makers: list[Callable[[Setup], Snippet]] = []
    if AUTHORIZATION_CODE in grants:
        if client.metadata.auth_method == PRIVATE_KEY_JWT:
            makers += [_openid_client_key]
        elif client.is_public:
            makers += [_oidc_client_ts, _openid_client]
        else:
            makers += [_flask, _django, _auth_js, _spring, _openid_client, _grafana, _oauth2_proxy]
        makers += [_curl_code]
    if DEVICE_CODE in grants:
        makers += [_curl_device]
    if CLIENT_CREDENTIALS in grants:
        makers += [_curl_machine]
    return [make(setup) for make in makers]


def render_exchange(issuer: str, client: Client, *, code: str, redirect_uri: str, verifier: str) -> str:
    """The command that exchanges a code for tokens (RFC 6749 §4.1.3). The secret is left to the shell."""
    fields = {
        "grant_type": AUTHORIZATION_CODE,
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return _curl_token(Setup(issuer, client), fields)


def _js(text: str) -> str:
    return json.dumps(text)


def _curl_token(setup: Setup, fields: dict[str, str]) -> str:
    """A call of the token endpoint, with the client's own proof."""
    client = setup.client
    lines = [f"curl -s {shlex.quote(setup.issuer + '/oauth/token')}"]
    proof: list[str] = []
    if client.has_secret:
        lines.append(f'-u "{client.client_id}:${_SECRET}"')
    elif client.is_public:
        proof = [f"client_id={client.client_id}"]
    else:
        proof = [f"client_assertion_type={_ASSERTION}"]
    pairs = [f"{name}={value}" for name, value in fields.items()] + proof
    lines += [f"--data-urlencode {shlex.quote(pair)}" for pair in pairs]
    if client.metadata.auth_method == PRIVATE_KEY_JWT:
        lines.append('--data-urlencode "client_assertion=$CLIENT_ASSERTION"')
    return " \\\n  ".join(lines)


def _flask(it: Setup) -> Snippet:
    text = f"""oauth.register(
    "hodlxxi",
    client_id={_js(it.client_id)},
    client_secret=os.environ["{_SECRET}"],
    server_metadata_url={_js(it.issuer + "/.well-known/openid-configuration")},
    client_kwargs={{"scope": {_js(it.scope)}, "code_challenge_method": "S256"}},
)

# to sign in:
return oauth.hodlxxi.authorize_redirect({_js(it.redirect_uri)})
# at the redirect URI:
person = oauth.hodlxxi.authorize_access_token()["userinfo"]["sub"]
"""
    return Snippet("flask", "Python: Flask, Starlette, FastAPI (Authlib)", text)


def _django(it: Setup) -> Snippet:
    text = f"""# settings.py
INSTALLED_APPS += ["mozilla_django_oidc"]
AUTHENTICATION_BACKENDS = ["myapp.auth.BitcoinBackend"]
OIDC_RP_CLIENT_ID = {_js(it.client_id)}
OIDC_RP_CLIENT_SECRET = os.environ["{_SECRET}"]
OIDC_RP_SCOPES = {_js(it.scope)}
OIDC_RP_SIGN_ALGO = {_js(it.client.metadata.id_token_alg)}
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = {_js(it.issuer + "/oauth/authorize")}
OIDC_OP_TOKEN_ENDPOINT = {_js(it.issuer + "/oauth/token")}
OIDC_OP_USER_ENDPOINT = {_js(it.issuer + "/oauth/userinfo")}
OIDC_OP_JWKS_ENDPOINT = {_js(it.issuer + "/oauth/jwks.json")}

# urls.py
path("oidc/", include("mozilla_django_oidc.urls")),

# myapp/auth.py: people have no e-mail address here, so they are known by sub
class BitcoinBackend(OIDCAuthenticationBackend):
    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.UserModel.objects.create_user(claims["sub"])
"""
    note = "Redirect URI: your address with /oidc/callback/ behind it."
    return Snippet("django", "Python: Django (mozilla-django-oidc)", text, note)


def _auth_js(it: Setup) -> Snippet:
    text = f"""// auth.ts
import NextAuth from "next-auth";

export const {{ handlers, auth, signIn, signOut }} = NextAuth({{
  providers: [
    {{
      id: "hodlxxi",
      name: "Bitcoin",
      type: "oidc",
      issuer: {_js(it.issuer)},
      clientId: {_js(it.client_id)},
      clientSecret: process.env.{_SECRET},
      authorization: {{ params: {{ scope: {_js(it.scope)} }} }},
      checks: ["pkce", "state", "nonce"],
      profile: (claims) => ({{ id: claims.sub, name: claims.name ?? claims.sub }}),
    }},
  ],
}});
"""
    note = "Redirect URI: your address with /api/auth/callback/hodlxxi behind it."
    return Snippet("auth-js", "JavaScript: Next.js (Auth.js 5)", text, note)


def _spring(it: Setup) -> Snippet:
    text = f"""# application.yml
spring:
  security:
    oauth2:
      client:
        registration:
          hodlxxi:
            client-id: {_js(it.client_id)}
            client-secret: ${{{_SECRET}}}
            authorization-grant-type: authorization_code
            redirect-uri: "{{baseUrl}}/login/oauth2/code/hodlxxi"
            scope: {_js(it.scope.replace(" ", ","))}
        provider:
          hodlxxi:
            issuer-uri: {_js(it.issuer)}

// SecurityConfig.java: PKCE also for an app with a secret
@Bean
SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {{
  var resolver = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
  resolver.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
  return http
      .authorizeHttpRequests(all -> all.anyRequest().authenticated())
      .oauth2Login(login -> login.authorizationEndpoint(at -> at.authorizationRequestResolver(resolver)))
      .build();
}}
"""
    note = "Redirect URI: your address with /login/oauth2/code/hodlxxi behind it."
    return Snippet("spring", "Java: Spring Boot", text, note)


_OPENID_CLIENT = """
// to sign in; keep verifier and state in the session:
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const url = client.buildAuthorizationUrl(config, {{
  redirect_uri: {redirect_uri},
  scope: {scope},
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
}});

// at the redirect URI:
const tokens = await client.authorizationCodeGrant(config, currentUrl, {{
  pkceCodeVerifier: verifier,
  expectedState: state,
}});
const person = tokens.claims()?.sub;
"""


def _openid_client_with(it: Setup, proof: str, before: str = "") -> str:
    insecure = ""
    if it.issuer.startswith("http://"):
        insecure = "  { execute: [client.allowInsecureRequests] },\n"
    head = f"""import * as client from "openid-client";

{before}const config = await client.discovery(
  new URL({_js(it.issuer)}),
  {_js(it.client_id)},
  undefined,
  {proof},
{insecure});
"""
    return head + _OPENID_CLIENT.format(redirect_uri=_js(it.redirect_uri), scope=_js(it.scope))


def _openid_client(it: Setup) -> Snippet:
    proof = "client.None()" if it.client.is_public else f"client.ClientSecretBasic(process.env.{_SECRET})"
    return Snippet("openid-client", "JavaScript: Node.js (openid-client 6)", _openid_client_with(it, proof))


def _openid_client_key(it: Setup) -> Snippet:
    before = "// your private key, as a CryptoKey\nconst key = await loadPrivateKey();\n"
    text = _openid_client_with(it, "client.PrivateKeyJwt(key)", before)
    return Snippet("openid-client", "JavaScript: Node.js (openid-client 6)", text)


def _oidc_client_ts(it: Setup) -> Snippet:
    logout = f"  post_logout_redirect_uri: {_js(it.logout_uri)},\n" if it.logout_uri else ""
    text = f"""import {{ UserManager }} from "oidc-client-ts";

const manager = new UserManager({{
  authority: {_js(it.issuer)},
  client_id: {_js(it.client_id)},
  redirect_uri: {_js(it.redirect_uri)},
{logout}  response_type: "code",
  scope: {_js(it.scope)},
  loadUserInfo: true,
  automaticSilentRenew: true, // by refresh token; no frames
}});

// to sign in:
await manager.signinRedirect();
// at the redirect URI, once:
const user = await manager.signinCallback();
console.log(user?.profile.sub);
"""
    return Snippet("oidc-client-ts", "JavaScript: in the browser (oidc-client-ts)", text)


def _grafana(it: Setup) -> Snippet:
    text = f"""[auth.generic_oauth]
enabled = true
name = Bitcoin
client_id = {it.client_id}
client_secret = ${{{_SECRET}}}
scopes = {it.scope}
auth_url = {it.issuer}/oauth/authorize
token_url = {it.issuer}/oauth/token
api_url = {it.issuer}/oauth/userinfo
use_pkce = true
login_attribute_path = preferred_username || sub
name_attribute_path = name || sub
email_attribute_path = sub
allow_sign_up = true
"""
    note = "Redirect URI: your address with /login/generic_oauth behind it. People have no e-mail address, so sub stands in."
    return Snippet("grafana", "Grafana", text, note)


def _oauth2_proxy(it: Setup) -> Snippet:
    text = f"""provider = "oidc"
oidc_issuer_url = {_js(it.issuer)}
client_id = {_js(it.client_id)}
client_secret_file = "/run/secrets/client_secret"
redirect_url = {_js(it.redirect_uri)}
scope = {_js(it.scope)}
code_challenge_method = "S256"
oidc_email_claim = "sub"
email_domains = ["*"]
cookie_secret = "32 random bytes: openssl rand -base64 32 | tr -- '+/' '-_'"
"""
    note = "Redirect URI: your address with /oauth2/callback behind it. People have no e-mail address, so sub stands in."
    return Snippet("oauth2-proxy", "oauth2-proxy", text, note)


def _curl_code(it: Setup) -> Snippet:
    # Encoded here, so that nothing in it means anything to a shell between double quotes.
    query = urlencode(
        {
            "response_type": "code",
            "client_id": it.client_id,
            "redirect_uri": it.redirect_uri,
            "scope": it.scope,
            "code_challenge_method": "S256",
        }
    )
    fields = {"grant_type": AUTHORIZATION_CODE, "redirect_uri": it.redirect_uri}
    token = _curl_token(it, fields)
    text = f"""STATE=$(openssl rand -hex 16)
VERIFIER=$(openssl rand -base64 48 | tr -d '\\n=' | tr '+/' '-_')
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr -d '\\n=' | tr '+/' '-_')

# open what this prints in a browser; it ends at your redirect URI with ?code=…&state=…
echo "{it.issuer}/oauth/authorize?{query}&state=$STATE&code_challenge=$CHALLENGE"

CODE=…
{token} \\
  --data-urlencode "code=$CODE" \\
  --data-urlencode "code_verifier=$VERIFIER"
"""
    return Snippet("curl", "curl, step by step", text, _assertion_note(it))


def _curl_device(it: Setup) -> Snippet:
    start = f"curl -s {shlex.quote(it.issuer + '/oauth/device_authorization')}"
    poll = _curl_token(it, {"grant_type": DEVICE_CODE})
    text = f"""# answers device_code, user_code and verification_uri: show the last two to your user
{start} \\
  --data-urlencode {shlex.quote("client_id=" + it.client_id)} \\
  --data-urlencode {shlex.quote("scope=" + it.scope)}

# then ask every 5 seconds; authorization_pending means: not yet
DEVICE_CODE=…
{poll} \\
  --data-urlencode "device_code=$DEVICE_CODE"
"""
    return Snippet("curl-device", "curl: device flow, step by step", text, _assertion_note(it))


def _curl_machine(it: Setup) -> Snippet:
    text = _curl_token(it, {"grant_type": CLIENT_CREDENTIALS}) + "\n"
    return Snippet("curl-machine", "curl: a token for the app itself", text, _assertion_note(it))


def _assertion_note(it: Setup) -> str:
    if it.client.metadata.auth_method != PRIVATE_KEY_JWT:
        return ""
    return "CLIENT_ASSERTION is a JWT that your app signs with its key for each request (RFC 7523 §2.2)."
