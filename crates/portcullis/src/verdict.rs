//! What a layer may say of an exchange, and the grounds it gives.
//!
//! A layer says `Pass` with a fact that later layers ask for by type, or `Deny` with a reason.
//! Whether a denial becomes a refusal is not the layer's business: [`crate::gate::Gate`] alone knows
//! whether a layer enforces or observes.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict that nobody settles is a door left open"]
pub enum Verdict<F, R> {
    /// Let it go on; the fact is what this layer found out.
    Pass(F),
    /// Do not let it go on, for this reason.
    Deny(R),
}

/// Every layer, in the order of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// arrival: one well-formed, unambiguous HTTP message.
    Framing,
    /// arrival and content: sizes and counts.
    Limits,
    /// arrival: who really connected.
    Client,
    /// arrival: is this name ours.
    Host,
    /// arrival: was it HTTPS.
    Transport,
    /// caller: is there allowance left for this caller.
    Rate,
    /// caller: who is calling.
    Session,
    /// caller: may this caller go here.
    Access,
    /// content: did the user mean to send this.
    Csrf,
    /// content: do the inputs carry an attack; and the answers, of what the app must not show.
    Gate,
    /// departure (and the way in): flags, prefixes, sealing.
    Cookies,
    /// departure: response headers.
    Headers,
    /// departure: traces, errors and secrets on the way out.
    Leak,
    /// departure: may this `Location` leave the site.
    Redirect,
    /// departure: tokens and hashes in pages.
    Html,
    /// record: the event log.
    Event,
}

impl Layer {
    /// All layers, in the order of the path.
    pub const ALL: [Self; 16] = [
        Self::Framing,
        Self::Limits,
        Self::Client,
        Self::Host,
        Self::Transport,
        Self::Rate,
        Self::Session,
        Self::Access,
        Self::Csrf,
        Self::Gate,
        Self::Cookies,
        Self::Headers,
        Self::Leak,
        Self::Redirect,
        Self::Html,
        Self::Event,
    ];

    /// The name used in the policy, in events and for the folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Framing => "framing",
            Self::Limits => "limits",
            Self::Client => "client",
            Self::Host => "host",
            Self::Transport => "transport",
            Self::Rate => "rate",
            Self::Session => "session",
            Self::Access => "access",
            Self::Csrf => "csrf",
            Self::Gate => "gate",
            Self::Cookies => "cookies",
            Self::Headers => "headers",
            Self::Leak => "leak",
            Self::Redirect => "redirect",
            Self::Html => "html",
            Self::Event => "event",
        }
    }
}

/// What becomes of a layer's denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The denial is a refusal.
    #[default]
    Enforce,
    /// The denial is recorded as what would have been refused, and the exchange goes on.
    Observe,
    /// The layer is not asked.
    Off,
}

/// The bytes that a denial rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where they were found, in the words of the protocol: `header \`origin\``, `request target`, `body`.
    pub place: String,
    /// The bytes as sent, cut to [`Evidence::LONGEST`].
    pub bytes: Vec<u8>,
}

impl Evidence {
    /// The most bytes that are kept: an attacker decides how long the whole is.
    pub const LONGEST: usize = 256;

    /// Evidence found at `place`.
    pub fn new(place: impl Into<String>, bytes: &[u8]) -> Self {
        Self { place: place.into(), bytes: bytes.iter().copied().take(Self::LONGEST).collect() }
    }
}

/// What every layer's reason can say for itself. Implemented once for each layer's `Reason`.
pub trait Grounds {
    /// A stable name, `layer.reason`, as in `csrf.cross_site`.
    fn code(&self) -> &'static str;
    /// The status that answers it (RFC 9110 section 15). One map, used by every door.
    fn status(&self) -> StatusCode;
    /// What was seen, one plain sentence without a full stop, values in backticks.
    fn sentence(&self) -> String;
    /// Why it matters: the attack, with its CWE or RFC section.
    fn why(&self) -> &'static str;
    /// The bytes it rests on.
    fn evidence(&self) -> Option<Evidence>;
    /// The narrowest change of the policy that would let this one pass, as TOML with a comment for its
    /// danger; `None` where nothing but the sender can mend it.
    fn exception(&self, at: &Place<'_>) -> Option<String>;
}

/// Where an exchange took place, for the wording of exceptions.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The request method.
    pub method: &'a str,
    /// The path in normal form.
    pub path: &'a str,
    /// The name that the client asked for.
    pub host: &'a str,
}

impl Place<'_> {
    /// A `[[route]]` for just this path, with `body` below it.
    #[must_use]
    pub fn route(&self, body: &str) -> String {
        format!("[[route]]\npath = {}\n{body}", toml::Value::String(self.path.to_owned()))
    }
}
