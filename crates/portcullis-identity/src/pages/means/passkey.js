// Passkeys on the gate's own pages. Buttons with `data-passkey` are shown where the browser knows passkeys; a field
// whose `autocomplete` says `webauthn` gets them offered among what the browser fills in.
"use strict";

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** `PublicKeyCredential.parse…OptionsFromJSON`, where the browser lacks it. */
function parse({ challenge, user, excludeCredentials, allowCredentials, extensions, ...rest }) {
  const named = (list) => list?.map((one) => ({ ...one, id: decode(one.id) }));
  return {
    ...rest,
    challenge: decode(challenge),
    ...(user && { user: { ...user, id: decode(user.id) } }),
    ...(excludeCredentials && { excludeCredentials: named(excludeCredentials) }),
    ...(allowCredentials && { allowCredentials: named(allowCredentials) }),
  };
}

/** `PublicKeyCredential.toJSON`, likewise. */
function written(credential) {
  const { id, rawId, type, response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const found = parts.filter((part) => response[part]).map((part) => [part, encode(response[part])]);
  return { id, rawId: encode(rawId), type, response: Object.fromEntries(found), clientExtensionResults: {} };
}

async function ask(path, body) {
  const answer = await fetch(`/.portcullis/passkey/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.problem ?? "");
  return told;
}

let waiting; // The offer in the form, ended when a button is pressed: a browser asks one thing at a time.

async function show(what, more, conditional = false) {
  waiting?.abort();
  const control = new AbortController();
  if (conditional) waiting = control;
  const { options, sealed } = await ask(`${what}/begin`, { conditional });
  const publicKey = parse(options.publicKey);
  const request = { publicKey, signal: control.signal, ...(conditional && { mediation: "conditional" }) };
  const credential =
    what === "enrol" ? await navigator.credentials.create(request) : await navigator.credentials.get(request);
  const { to } = await ask(`${what}/finish`, { sealed, credential: written(credential), ...more() });
  location.assign(to);
}

function problem(text) {
  const place = document.querySelector("[data-passkey-problem]");
  place.textContent = text;
  place.hidden = !text;
}

/** What stands in the form beside: the wish to stay signed in, where to go, what the passkey is called. */
function beside() {
  const value = (name) => document.querySelector(`[name="${name}"]`)?.value ?? "";
  const ticked = document.querySelector('[name="remember"]')?.checked ?? false;
  return { remember: ticked, return_to: value("return_to"), label: value("label") };
}

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      problem("");
      button.disabled = true;
      try {
        await show(button.dataset.passkey, beside);
      } catch (error) {
        // The browser has said itself what became of its own question; only that nothing came of it is told.
        problem(error instanceof DOMException ? button.dataset.nothing : error.message || button.dataset.nothing);
      }
      button.disabled = false;
    });
  }
  // Where somebody proves once more who they are, an offer to sign in would begin another session.
  const signs = document.querySelector('[data-passkey="sign-in"]');
  const offered = signs && document.querySelector('[autocomplete~="webauthn"]');
  if (offered && (await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    show("sign-in", beside, true).catch((error) => {
      if (!(error instanceof DOMException)) problem(error.message);
    });
  }
}
