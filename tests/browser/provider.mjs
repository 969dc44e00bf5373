// A real OpenID provider on this machine (the certified `oidc-provider`), with one client and a plain page for
// signing in. Says `ready` when it listens.
//
// node provider.mjs PORT REDIRECT_URI [AFTER_SIGN_OUT_URI [BACKCHANNEL_LOGOUT_URI]]

import crypto from "node:crypto";
import http from "node:http";
import Provider from "oidc-provider";

const [port, redirect, afterSignOut, backchannel] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const key = (options) => {
  const { privateKey } = crypto.generateKeyPairSync(...options);
  return { ...privateKey.export({ format: "jwk" }), kid: crypto.randomUUID(), use: "sig" };
};

const provider = new Provider(issuer, {
  jwks: { keys: [key(["rsa", { modulusLength: 2048 }]), key(["ec", { namedCurve: "P-256" }])] },
  cookies: { keys: [crypto.randomUUID()] },
  pkce: { required: () => true },
  clients: [
    {
      client_id: "notes",
      client_secret: "a secret / with + signs",
      redirect_uris: [redirect],
      grant_types: ["authorization_code", "refresh_token"],
      ...(afterSignOut && { post_logout_redirect_uris: [afterSignOut] }),
      ...(backchannel && { backchannel_logout_uri: backchannel, backchannel_logout_session_required: true }),
    },
  ],
  // Everybody who comes may have tokens renewed, and each refresh token works once.
  issueRefreshToken: async () => true,
  rotateRefreshToken: () => true,
  expiresWithSession: async () => false,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id, email: `${id}@idp.example`, email_verified: true }),
  }),
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: Boolean(backchannel) },
    rpInitiatedLogout: { enabled: true },
  },
  // It would tell no client on this machine that somebody has signed out: its own guard against being used to reach one.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  // Who signs in agrees.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("backchannel.error", (_, error) => console.error(error));
provider.on("backchannel.success", () => console.error("backchannel logout accepted"));

const page = `<!doctype html><title>Provider</title><form method="post">
<label>Who <input name="login" id="login"></label><button id="in">Sign in</button></form>`;

async function interaction(request, response) {
  if (request.method !== "POST") {
    response.setHeader("content-type", "text/html");
    response.end(page);
    return;
  }
  let body = "";
  for await (const part of request) body += part;
  const accountId = new URLSearchParams(body).get("login");
  const result = accountId ? { login: { accountId } } : { error: "access_denied" };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const serve = provider.callback();
http
  .createServer((request, response) => {
    if (!request.url.startsWith("/interaction/")) return serve(request, response);
    return interaction(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  })
  .listen(Number(port), "localhost", () => console.log("ready"));
