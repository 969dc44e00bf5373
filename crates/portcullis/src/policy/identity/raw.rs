//! `[identity]` as written.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Language, Link, ProviderSignOut, SignUp, Smtp};
use crate::policy::units::Span;

/// People sign in here. The table may be empty: everything has a safe default.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// The app's name on the pages and in mails; the site's first name by default.
    pub name: Option<String>,
    /// A picture for the pages: a file of PNG, JPEG, SVG or WebP.
    pub logo: Option<PathBuf>,
    /// The languages of the pages, the first where a visitor's is not among them; all of `en`, `de`, `es`, `zh` by
    /// default.
    pub languages: Option<Vec<Language>>,
    /// Who may make an account: `off` (the default), `invited` or `open`.
    pub sign_up: Option<SignUp>,
    /// How long an account that somebody signed up for waits for its address to be confirmed before it is removed;
    /// `"7 d"` by default, `"0 s"` for ever.
    pub unconfirmed: Option<Span>,
    /// Whether a link sent by mail signs in; `false` by default.
    pub magic_links: Option<bool>,
    /// Where people are kept: `"sqlite"` in the data directory (the default), `"sqlite:/path/of/file"`, or
    /// `"postgres://…"`.
    pub store: Option<String>,
    /// Where sessions are kept, if not with people: as `store`, or `"redis://…"`.
    pub sessions: Option<String>,
    /// Whom the signed statement to the app is for (`aud`); `"app"` by default.
    pub audience: Option<String>,
    /// Whom users reach when something is wrong, as the pages tell them: an address of mail, or of a page.
    pub contact: Option<String>,
    /// How mail is sent. Without it there is no sign-up, no forgotten password and no magic link.
    pub mail: Option<RawMail>,
    /// What a password must be.
    pub password: RawPassword,
    /// Sites that vouch for people, by OpenID Connect.
    pub provider: Vec<RawProvider>,
    /// Which factors a role needs.
    pub factor: Vec<RawFactor>,
}

/// How mail is sent.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawMail {
    /// From whom, as in `"Notes <no-reply@notes.example>"`.
    pub from: String,
    /// The server that takes mail: `"mail.example"` or `"mail.example:587"`.
    pub smtp: String,
    /// How the way to it is guarded: `starttls` (the default), `tls` from the first byte, or `dangerous_plain`.
    pub tls: Option<Smtp>,
    /// The user to log in as; without it nobody logs in.
    pub user: Option<String>,
    /// A file with that user's password.
    pub password_file: Option<PathBuf>,
    /// A PEM file of authorities to trust, instead of the machine's.
    pub ca: Option<PathBuf>,
}

/// What a password must be (NIST SP 800-63B-4 section 3.1.1).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawPassword {
    /// Whether people sign in with passwords at all; `true` by default.
    pub enabled: Option<bool>,
    /// The fewest characters; 12 by default, 8 at least.
    pub min_length: Option<usize>,
    /// How hard it must be to guess, by zxcvbn, from 0 to 4; 3 by default.
    pub min_score: Option<u8>,
    /// Files with secrets of 32 bytes in base64 that hashes are made with besides, the newest first.
    pub pepper_files: Vec<PathBuf>,
    /// A file with the app's `SECURITY_PASSWORD_SALT`, where accounts were imported from Flask-Security: their hashes
    /// need it until the next sign-in.
    pub flask_security_salt_file: Option<PathBuf>,
    /// A filter of breached passwords that `portcullis passwords build-filter` made; the commonest ones are always
    /// known.
    pub breached_filter: Option<PathBuf>,
    /// Ask this service, which sees the first five digits of a password's SHA-1 only, as in
    /// `"https://api.pwnedpasswords.com/range/"`; none by default.
    pub breached_range_url: Option<String>,
    /// Memory for one hash of argon2id, in KiB; 19456 by default (OWASP). `portcullis key calibrate` suggests.
    pub memory: Option<u32>,
    /// Passes for one hash of argon2id; 2 by default.
    pub passes: Option<u32>,
    /// How many hashes are made at once; as many as there are cores, at most 4, by default.
    pub at_once: Option<usize>,
}

/// A site that vouches for people, by OpenID Connect.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawProvider {
    /// What it is called in addresses, as in `"google"`: small letters, digits and `-`.
    pub name: String,
    /// What people see; `name` by default.
    pub label: Option<String>,
    /// Its issuer, as in `"https://accounts.google.com"`.
    pub issuer: String,
    /// As whom the gate is registered there.
    pub client_id: String,
    /// A file with the secret; without it the client is a public one, with PKCE alone.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for; `["openid", "email", "profile"]` by default.
    pub scopes: Option<Vec<String>>,
    /// Whether somebody who comes from there and is not known gets an account; as `identity.sign_up` by default.
    pub sign_up: Option<bool>,
    /// How an identity there becomes one of an account that exists here: `signed-in` (the default): its owner adds
    /// it while signed in; `dangerous_verified_email`: the provider says that the address of mail is the same.
    pub link: Option<Link>,
    /// What signing out here does about the session there: `offer` (the default): the page after it has a link;
    /// `always`: the browser is sent there; `never`. It comes back to `/.portcullis/sign-out`, which must be registered
    /// at the provider (`post_logout_redirect_uris`).
    pub sign_out: Option<ProviderSignOut>,
    /// Keep the access token and what renews it as long as the session, sealed, and renew it in time; `false` by default.
    pub keep_tokens: Option<bool>,
    /// Hand the access token to the app in `X-Portcullis-Access-Token`; `false` by default. Whoever reads the app's
    /// requests then acts for the person at the provider.
    pub hand_access_token: Option<bool>,
    /// Allow `http://` for an issuer on this machine.
    pub dangerous_plain: Option<bool>,
    /// A PEM file of authorities to trust, instead of the machine's.
    pub ca: Option<PathBuf>,
}

/// Which factors a role needs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawFactor {
    /// The role; `"*"` for everybody.
    pub role: String,
    /// One of these is enough, beside what signed them in first: `passkey`, `totp`, `recovery`.
    pub one_of: Vec<String>,
    /// How long ago it may have been; as the session by default.
    pub fresh: Option<Span>,
}
