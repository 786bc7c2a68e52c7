// The pages of the peer: a sign-in that believes every account, and a consent that is given with one click.

/** An error page in the words of ours, so that both are read the same way. */
export function errorPage(ctx, out) {
  const escaped = (text) => String(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  ctx.type = "html";
  ctx.body = `<main data-page="error"><code id="error-code">${escaped(out.error)}</code>
    <p id="error-description">${escaped(out.error_description ?? "")}</p></main>`;
}

const page = (name) => (ctx, form) => {
  ctx.type = "html";
  ctx.body = `<main data-page="${name}">${form ?? ""}</main>`;
};

/** Type the code, confirm it, done: one page after the other. */
export const devicePage = page("device");
export const logoutPage = page("logout");
export const loggedOutPage = page("logged-out");

async function readForm(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"));
}

async function consent(provider, { grantId, session, params, prompt: { details } }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(" "));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  return { grantId: await grant.save() };
}

/** GET shows which page it is; POST with `account` (and `decision=deny` to refuse) goes on. */
export async function answerInteraction(provider, request, response) {
  try {
    const waiting = await provider.interactionDetails(request, response);
    const { name } = waiting.prompt;
    if (request.method !== "POST") {
      response.setHeader("content-type", "text/html");
      response.end(`<main data-page="${name === "consent" ? "consent" : "login"}"></main>`);
      return;
    }
    const form = await readForm(request);
    const login = { accountId: form.get("account"), acr: "urn:hodlxxi:acr:key", amr: ["pop", "btc_message"] };
    let result;
    if (form.get("decision") === "deny") result = { error: "access_denied" };
    else if (name === "consent") result = { consent: await consent(provider, waiting) };
    else result = { login, [name]: name === "login" ? login : {} };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: name === "consent" });
  } catch (error) {
    response.statusCode = error.statusCode ?? 500;
    response.end(String(error));
  }
}
