// A single-page app: the npm package oidc-client-ts in a browser, on an origin of its own, without a server of its own.
// The first visit's query tells the issuer and what to try; the app registers itself and keeps its client_id for this tab.
const show = (id, value) => {
  document.getElementById(id).textContent = typeof value === "string" ? value : JSON.stringify(value, null, 2);
};
const origin = location.origin;

async function configuration() {
  const kept = sessionStorage.getItem("configuration");
  if (kept) return JSON.parse(kept);
  const wish = Object.fromEntries(new URLSearchParams(location.search));
  const discovered = await (await fetch(`${wish.issuer}/.well-known/openid-configuration`)).json();
  const metadata = {
    client_name: "A browser app",
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/signed-out`],
    token_endpoint_auth_method: "none",
    grant_types: wish.frame ? ["authorization_code"] : ["authorization_code", "refresh_token"],
    dpop_bound_access_tokens: Boolean(wish.dpop),
  };
  const answer = await fetch(discovered.registration_endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(metadata),
  });
  const made = { ...wish, client_id: (await answer.json()).client_id };
  sessionStorage.setItem("configuration", JSON.stringify(made));
  return made;
}

function managerOf({ issuer, client_id, dpop, early }) {
  return new oidc.UserManager({
    authority: issuer,
    client_id,
    redirect_uri: `${origin}/callback`,
    post_logout_redirect_uri: `${origin}/signed-out`,
    silent_redirect_uri: `${origin}/callback`,
    popup_redirect_uri: `${origin}/callback`,
    scope: "openid profile profile:read offline_access",
    // The package asks userinfo without a proof, which is refused for a token that is bound to a key.
    loadUserInfo: !dpop,
    revokeTokenTypes: ["refresh_token"],
    silentRequestTimeoutInSeconds: 2,
    // An hour is long for a test: renew as many seconds before its end as we were told.
    automaticSilentRenew: Boolean(early),
    accessTokenExpiringNotificationTimeInSeconds: Number(early ?? 60),
    dpop: dpop ? { store: new oidc.IndexedDbDPoPStore(), bind_authorization_code: true } : undefined,
  });
}

async function ask(manager, url) {
  const user = await manager.getUser();
  const headers = { Authorization: `${user?.token_type ?? "Bearer"} ${user?.access_token ?? "none"}` };
  const proof = user && (await manager.dpopProof(url, user, "GET"));
  if (proof) headers.DPoP = proof;
  const answer = await fetch(url, { headers });
  return { status: answer.status, challenge: answer.headers.get("WWW-Authenticate"), ...(await answer.json()) };
}

async function start() {
  const settings = await configuration();
  const manager = managerOf(settings);
  let renewed = 0;
  const hold = (user) => {
    show("sub", user?.profile.sub ?? "nobody");
    show("held", user ? { token_type: user.token_type, scope: user.scope, expires_in: user.expires_in, profile: user.profile } : {});
  };
  const on = (id, act) =>
    document.getElementById(id).addEventListener("click", async () => {
      show("answer", "…");
      try {
        show("answer", (await act()) ?? "done");
      } catch (error) {
        show("answer", { failed: error.name, error: error.error, message: error.message });
      }
      hold(await manager.getUser());
    });
  manager.events.addUserLoaded((user) => {
    show("renewed", String(++renewed));
    hold(user);
  });
  manager.events.addSilentRenewError((error) => show("answer", { failed: error.name, message: error.message }));
  on("sign-in", () => manager.signinRedirect());
  on("popup", async () => ({ signed_in: Boolean(await manager.signinPopup()) }));
  on("renew", async () => ({ renewed: Boolean(await manager.signinSilent()) }));
  on("userinfo", async () => ask(manager, await manager.metadataService.getUserInfoEndpoint()));
  on("call", () => ask(manager, `${settings.issuer}/api/demo/protected`));
  on("revoke", () => manager.revokeTokens());
  on("sign-out", () => manager.signoutRedirect({ state: "back in the app" }));

  if (location.pathname === "/callback" && window === window.top) {
    try {
      await manager.signinRedirectCallback();
      show("answer", "signed in");
    } catch (error) {
      show("answer", { failed: error.name, error: error.error, message: error.message });
    }
    history.replaceState({}, "", "/");
  } else if (location.pathname === "/callback") {
    await manager.signinSilentCallback();
  } else if (location.pathname === "/signed-out") {
    const { userState } = await manager.signoutRedirectCallback();
    show("answer", { signed_out: true, state: userState });
    history.replaceState({}, "", "/");
  }
  hold(await manager.getUser());
  document.body.dataset.ready = "yes";
}

start();
