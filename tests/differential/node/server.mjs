// npm oidc-provider, set up as much like this server as its settings allow. One argument: a JSON file with
// { issuer, port, clients, resources, resource_alg }. Prints "ready" when it listens. Everything else is in memory.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { Provider, errors, interactionPolicy } from "oidc-provider";

import { answerInteraction, devicePage, errorPage, loggedOutPage, logoutPage } from "./interaction.mjs";

// The package is written for Node 22; this is all that 20 lacks of what it uses.
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

const setup = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { issuer, port, clients, resources = [], resource_alg: resourceAlg = "RS256" } = setup;
const DAY = 24 * 3600;
const SCOPES = ["openid", "profile", "profile:read", "wallet:read", "wallet:write", "chat", "offline_access"];

const makeKey = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
  alg,
  use: "sig",
});

// "Which account?" and "a new account" are asked on the sign-in page.
const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
policy.add(new interactionPolicy.Prompt({ name: "create", requestable: true }), 0);

const provider = new Provider(issuer, {
  clients,
  jwks: {
    keys: [
      makeKey("rsa", { modulusLength: 2048 }, "RS256"),
      makeKey("ec", { namedCurve: "P-256" }, "ES256"),
      makeKey("ed25519", {}, "EdDSA"),
    ],
  },
  scopes: SCOPES,
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username", "picture", "updated_at"],
    "profile:read": ["bitcoin_pubkey"],
    acr: null,
    amr: null,
    auth_time: null,
    sid: null,
    iss: null,
  },
  acrValues: ["none", "key-remote", "key", "two-keys"].map((name) => `urn:hodlxxi:acr:${name}`),
  responseTypes: ["code"],
  clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
  enabledJWA: { dPoPSigningAlgValues: ["ES256", "PS256", "Ed25519", "EdDSA"] },
  pkce: { required: () => true },
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  revokeGrantPolicy: () => true,
  clientBasedCORS: () => true,
  cookies: { keys: [randomBytes(32).toString("hex")], long: { httpOnly: true, sameSite: "none" } },
  enableHttpPostMethods: true,
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id.slice(0, 8), preferred_username: id.slice(0, 30), bitcoin_pubkey: id }),
  }),
  interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  renderError: errorPage,
  routes: {
    authorization: "/oauth/authorize",
    token: "/oauth/token",
    revocation: "/oauth/revoke",
    introspection: "/oauth/introspect",
    userinfo: "/oauth/userinfo",
    pushed_authorization_request: "/oauth/par",
    device_authorization: "/oauth/device_authorization",
    code_verification: "/device",
    end_session: "/oauth/logout",
    jwks: "/oauth/jwks.json",
  },
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 600,
    ClientCredentials: 3600,
    DeviceCode: 600,
    Grant: 180 * DAY,
    IdToken: 3600,
    Interaction: 1800,
    RefreshToken: 30 * DAY,
    Session: DAY,
  },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32) },
    introspection: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
    revocation: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
    pushedAuthorizationRequests: { enabled: true },
    backchannelLogout: { enabled: true },
    deviceFlow: {
      enabled: true,
      charset: "base-20",
      mask: "****-****",
      userCodeInputSource: devicePage,
      userCodeConfirmSource: devicePage,
      successSource: devicePage,
    },
    rpInitiatedLogout: { enabled: true, logoutSource: logoutPage, postLogoutSuccessSource: loggedOutPage },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(ctx, resource) {
        if (![issuer, ...resources].includes(resource)) throw new errors.InvalidTarget();
        return {
          scope: SCOPES.filter((name) => !["openid", "profile", "offline_access"].includes(name)).join(" "),
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: resourceAlg } },
        };
      },
    },
  },
});

const answer = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) answerInteraction(provider, request, response);
  else answer(request, response);
}).listen(port, "127.0.0.1", () => console.log("ready"));
