// An app made of npm packages that we did not write: openid-client (the protocol), oauth4webapi (an API that checks access tokens)
// and jose (the logout tokens). It registers itself with whatever issuer it is told, keeps one set of tokens for each browser, and
// answers JSON. Nothing here is ours but the order of the calls.
//
//   node relying_party.mjs PORT      prints one line when it listens
//   /begin?issuer=&kind=&…           to the issuer; kind: secret | public | strict; further parameters go along
//   /refresh /userinfo /call /verify /introspect /revoke /sign-out /me       with this browser's tokens
//   /machine?issuer=&kind=           client_credentials
//   /device?issuer=   /device-result a device that asks for somebody
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import * as client from "openid-client";
import * as api from "oauth4webapi";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";

const PORT = Number(process.argv[2]);
const OWN = `http://localhost:${PORT}`;
const SCOPE = "openid profile profile:read offline_access";
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
// openid-client refuses plain http otherwise, and trusts TLS for the ID token's signature unless told to check it.
const OPTIONS = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

const registrations = new Map(); // issuer and kind → what dynamic registration gave, and the keys for it
const visits = new Map(); // cookie → what this browser's visit is about
const told = []; // what the issuer told us by back-channel

async function register(issuer, kind) {
  const metadata = {
    client_name: `Node app (${kind})`,
    redirect_uris: [`${OWN}/callback`],
    post_logout_redirect_uris: [`${OWN}/signed-out`],
    backchannel_logout_uri: `${OWN}/backchannel-logout`,
    backchannel_logout_session_required: true,
    grant_types: ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
    token_endpoint_auth_method: { secret: "client_secret_basic", public: "none", strict: "private_key_jwt" }[kind],
    scope: SCOPE,
  };
  let authentication = { public: client.None() }[kind];
  if (kind === "public") metadata.grant_types = metadata.grant_types.filter((grant) => grant !== "client_credentials");
  if (kind === "strict") {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const kid = randomUUID();
    metadata.jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" }] };
    metadata.token_endpoint_auth_signing_alg = "ES256";
    metadata.id_token_signed_response_alg = "ES256";
    metadata.require_pushed_authorization_requests = true;
    metadata.dpop_bound_access_tokens = true;
    authentication = client.PrivateKeyJwt({ key: privateKey, kid });
  }
  // undefined lets the package take what the registration's answer names: the secret, by Basic.
  return client.dynamicClientRegistration(new URL(issuer), metadata, authentication, OPTIONS);
}

function registered(issuer, kind) {
  const name = `${kind} ${issuer}`;
  if (!registrations.has(name)) registrations.set(name, register(issuer, kind));
  return registrations.get(name);
}

const proofs = async (config, kind) =>
  kind === "secret" ? undefined : { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };

async function begin(visit, { issuer, kind, ...more }) {
  const config = await registered(issuer, kind);
  const verifier = client.randomPKCECodeVerifier();
  Object.assign(visit, { config, kind, options: await proofs(config, kind), tokens: undefined });
  visit.checks = {
    pkceCodeVerifier: verifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const wish = {
    redirect_uri: `${OWN}/callback`,
    scope: SCOPE,
    state: visit.checks.expectedState,
    nonce: visit.checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...more,
  };
  const isPushed = kind === "strict" || more.push;
  delete wish.push;
  return isPushed
    ? client.buildAuthorizationUrlWithPAR(config, wish, visit.options)
    : client.buildAuthorizationUrl(config, wish);
}

const shown = (tokens) => ({ ...tokens, claims: tokens.claims?.() });

async function take(visit, granted) {
  visit.tokens = { ...visit.tokens, ...granted };
  visit.claims = granted.claims?.() ?? visit.claims;
  return shown(granted);
}

// What a protected API does that trusts this issuer and has never heard of its database (RFC 9068).
async function verify({ config, tokens }) {
  const server = config.serverMetadata();
  const request = new Request(`${OWN}/api`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  return api.validateJwtAccessToken(server, request, server.issuer, { [api.allowInsecureRequests]: true });
}

async function call({ config, tokens, options }, { bare }) {
  const url = new URL("/api/demo/protected", config.serverMetadata().issuer);
  const answer = await client.fetchProtectedResource(config, tokens.access_token, url, "GET", null, undefined, bare ? undefined : options);
  return { status: answer.status, ...(await answer.json()) };
}

async function hearLogout(form) {
  const token = form.get("logout_token");
  const issuer = JSON.parse(Buffer.from(token.split(".")[1], "base64url")).iss;
  const ours = await Promise.all([...registrations].filter(([name]) => name.endsWith(` ${issuer}`)).map(([, made]) => made));
  const audience = ours.map((one) => one.clientMetadata().client_id);
  const keys = createRemoteJWKSet(new URL(ours[0].serverMetadata().jwks_uri));
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer, audience, typ: "logout+jwt", maxTokenAge: 120, requiredClaims: ["jti", "sid", "sub", "exp", "events"],
  });
  if (!(LOGOUT_EVENT in payload.events) || "nonce" in payload) throw new Error("no logout token");
  told.push({ ...payload, typ: protectedHeader.typ, fields: [...form.keys()] });
  for (const visit of visits.values())
    if (visit.claims?.sid === payload.sid && visit.claims?.sub === payload.sub) visit.tokens = undefined;
}

async function device({ issuer, kind = "public" }) {
  const config = await registered(issuer, kind);
  const asked = await client.initiateDeviceAuthorization(config, { scope: SCOPE });
  // The first question may come at any time, and somebody will have approved by then.
  const result = client.pollDeviceAuthorizationGrant(config, { ...asked, interval: 1 }).then(shown, (error) => ({ error: error.error ?? error.code }));
  return { asked, result };
}

async function machine({ issuer, kind = "secret", ...more }) {
  const config = await registered(issuer, kind);
  return client.clientCredentialsGrant(config, more, await proofs(config, kind));
}

const go = (url) => ({ to: url.href });
const routes = {
  "/begin": async (visit, query) => go(await begin(visit, query)),
  "/callback": async (visit, _query, url) =>
    take(visit, await client.authorizationCodeGrant(visit.config, url, visit.checks, undefined, visit.options)),
  "/refresh": async (visit, { other_key, ...query }) => {
    const options = other_key ? await proofs(visit.config, visit.kind) : visit.options;
    return take(visit, await client.refreshTokenGrant(visit.config, visit.tokens.refresh_token, query, options));
  },
  "/userinfo": ({ config, tokens, claims, options }) => client.fetchUserInfo(config, tokens.access_token, claims.sub, options),
  "/call": call,
  "/verify": verify,
  "/introspect": ({ config, tokens }, query) => client.tokenIntrospection(config, tokens[query.which ?? "access_token"]),
  "/revoke": async ({ config, tokens }) => ({ revoked: (await client.tokenRevocation(config, tokens.refresh_token)) ?? true }),
  "/me": ({ tokens, claims }) => ({ signed_in: Boolean(tokens), sid: claims?.sid, sub: claims?.sub, told }),
  "/sign-out": ({ config, tokens }, query) =>
    go(client.buildEndSessionUrl(config, { post_logout_redirect_uri: `${OWN}/signed-out`, id_token_hint: tokens.id_token, ...query })),
  "/signed-out": (_visit, query) => ({ signed_out: true, query }),
  "/machine": (_visit, query) => machine(query),
  "/device": async (visit, query) => (visit.device = await device(query)).asked,
  "/device-result": (visit) => visit.device.result,
  "/backchannel-logout": async (_visit, _query, _url, body) => (await hearLogout(new URLSearchParams(body)), {}),
};

async function answer(request, response) {
  const url = new URL(request.url, OWN);
  const cookie = /\bnode_app=([0-9a-f-]+)/.exec(request.headers.cookie ?? "")?.[1] ?? randomUUID();
  if (!visits.has(cookie)) visits.set(cookie, {});
  let body = "";
  for await (const part of request) body += part;
  let status = 200, answered;
  try {
    answered = await routes[url.pathname](visits.get(cookie), Object.fromEntries(url.searchParams), url, body);
  } catch (error) {
    // What went wrong, in the package's words and in the server's.
    const { name, code, error: word, error_description, status: theirs, message, cause } = error;
    const challenge = Array.isArray(cause) ? cause[0] : undefined; // WWW-Authenticate, as the package reads it
    answered = { failed: { name, code, error: word, error_description, status: theirs, message, cause: cause?.message, challenge } };
    status = 400;
  }
  const headers = { "content-type": "application/json", "cache-control": "no-store", "set-cookie": `node_app=${cookie}; Path=/; HttpOnly` };
  if (answered.to) response.writeHead(303, { ...headers, location: answered.to }).end();
  else response.writeHead(status, headers).end(JSON.stringify(answered));
}

createServer(answer).listen(PORT, "127.0.0.1", () => console.log(`listens on ${OWN}`));
