//! The decision, in the order that the room's page tells.

use http::request;

use super::source::{self, FetchSite, Source};
use super::token::{self, Check};
use super::{Reason, Resubmit, credentials};
use crate::body::Inspector;
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::verdict::Verdict;

/// Where a script puts a token: Rails' and our own name, Django's and Flask-WTF's, Angular's and axios'.
const TOKEN_HEADERS: [&str; 3] = ["x-csrf-token", "x-csrftoken", "x-xsrf-token"];

/// Why it is believed that the user meant to send this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// The layer is off here, or only observes.
    Unasked,
    /// The method promises to change nothing.
    Safe,
    /// No credentials that a browser adds by itself, and nothing that a foreign page could send unasked.
    NothingToForge,
    /// A page of ours caused it: by `Sec-Fetch-Site`, `Origin` or `Referer`.
    SameOrigin,
    /// No page caused it: the user typed or bookmarked it.
    UserTyped,
    /// A page of an origin that the policy trusts caused it.
    TrustedOrigin,
    /// A valid token stands in a header.
    TokenInHeader,
    /// A valid token must stand in the body.
    NeedsToken {
        /// The browser sent `Origin: null`.
        null_origin: bool,
    },
}

impl Intent {
    /// Whether the body must be searched for a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        matches!(self, Self::NeedsToken { .. })
    }
}

/// What the head alone tells.
pub(crate) fn judge_head(
    head: &request::Parts,
    exchange: &Exchange,
    keys: &Keyring,
) -> Verdict<Intent, Reason> {
    let judged = if source::is_websocket_handshake(head) {
        judge_handshake(head, exchange)
    } else if source::is_safe(head) {
        Ok(Intent::Safe)
    } else {
        judge_unsafe(head, exchange, keys)
    };
    match judged {
        Ok(intent) => Verdict::Pass(intent),
        Err(reason) => Verdict::Deny(reason),
    }
}

/// What the body tells, where the head could not tell enough. An expired token leaves on the exchange
/// what the refusal's page needs to offer the form again.
pub(crate) fn judge_body(
    intent: &Intent,
    inspector: &Inspector,
    exchange: &mut Exchange,
    keys: &Keyring,
) -> Verdict<(), Reason> {
    let Intent::NeedsToken { null_origin } = intent else { return Verdict::Pass(()) };
    let Some(found) = inspector.csrf_token() else { return Verdict::Deny(missing(*null_origin)) };
    match token::check(found.as_bytes(), exchange, keys) {
        Check::Valid => Verdict::Pass(()),
        Check::Expired => {
            exchange.resubmit = Resubmit::offer(inspector, exchange, keys);
            Verdict::Deny(Reason::ExpiredToken)
        }
        Check::Forged | Check::Alien => Verdict::Deny(Reason::InvalidToken),
    }
}

fn judge_handshake(head: &request::Parts, exchange: &Exchange) -> Result<Intent, Reason> {
    let fetch_site = source::fetch_site(&head.headers)?;
    match source::origin(&head.headers, exchange)? {
        Some(Source::Ours) => Ok(Intent::SameOrigin),
        Some(Source::Trusted(_)) => Ok(Intent::TrustedOrigin),
        Some(Source::Null) => Err(Reason::WebSocketOrigin { origin: Some(b"null".to_vec()) }),
        Some(Source::Foreign(origin)) => Err(Reason::WebSocketOrigin { origin: Some(origin) }),
        None => match fetch_site {
            Some(FetchSite::SameOrigin | FetchSite::None) => Ok(Intent::SameOrigin),
            None if !credentials::are_ambient(&head.headers, exchange) => Ok(Intent::NothingToForge),
            None | Some(FetchSite::SameSite | FetchSite::CrossSite) => {
                Err(Reason::WebSocketOrigin { origin: None })
            }
        },
    }
}

fn judge_unsafe(head: &request::Parts, exchange: &Exchange, keys: &Keyring) -> Result<Intent, Reason> {
    let headers = &head.headers;
    let fetch_site = source::fetch_site(headers)?;
    let origin = source::origin(headers, exchange)?;
    let referer = source::referer(headers, exchange)?;
    let ambient = credentials::are_ambient(headers, exchange);
    let agreed = !ambient && credentials::had_preflight(head, exchange);

    let foreign = match (fetch_site, origin) {
        (Some(FetchSite::SameOrigin), _) => return Ok(Intent::SameOrigin),
        (Some(FetchSite::None), _) => return Ok(Intent::UserTyped),
        (_, Some(Source::Trusted(_))) => return Ok(Intent::TrustedOrigin),
        (Some(FetchSite::CrossSite), origin) => Reason::CrossSite { origin: shown(origin) },
        (Some(FetchSite::SameSite), origin) => Reason::SameSite { origin: shown(origin) },
        (None, Some(Source::Ours)) => return Ok(Intent::SameOrigin),
        (None, Some(Source::Foreign(origin))) => Reason::ForeignOrigin { origin },
        (None, Some(Source::Null)) if agreed => return Ok(Intent::NothingToForge),
        (None, Some(Source::Null)) => return judge_token(head, exchange, keys, true),
        (None, None) => match referer {
            Some(Source::Ours) => return Ok(Intent::SameOrigin),
            Some(Source::Trusted(_)) => return Ok(Intent::TrustedOrigin),
            Some(Source::Foreign(referer)) => Reason::ForeignReferer { referer },
            None | Some(Source::Null) if !ambient => return Ok(Intent::NothingToForge),
            None | Some(Source::Null) => return judge_token(head, exchange, keys, false),
        },
    };
    if agreed { Ok(Intent::NothingToForge) } else { Err(foreign) }
}

/// The headers first, because a script that sets one proves more than a form can; then, if the body is a
/// form, whatever stands in it. Headers of these names that are not ours are the app's own.
fn judge_token(
    head: &request::Parts,
    exchange: &Exchange,
    keys: &Keyring,
    null_origin: bool,
) -> Result<Intent, Reason> {
    let mut best = Check::Alien;
    for value in TOKEN_HEADERS.iter().flat_map(|name| head.headers.get_all(*name)) {
        match (token::check(value.as_bytes(), exchange, keys), best) {
            (Check::Valid, _) => return Ok(Intent::TokenInHeader),
            (Check::Expired, _) => best = Check::Expired,
            (Check::Forged, Check::Alien) => best = Check::Forged,
            (Check::Forged | Check::Alien, _) => {}
        }
    }
    if credentials::body_is_form(&head.headers) {
        return Ok(Intent::NeedsToken { null_origin });
    }
    Err(match best {
        Check::Expired => Reason::ExpiredToken,
        Check::Forged => Reason::InvalidToken,
        Check::Valid | Check::Alien => missing(null_origin),
    })
}

fn missing(null_origin: bool) -> Reason {
    if null_origin { Reason::NullOrigin } else { Reason::MissingToken }
}

fn shown(origin: Option<Source>) -> Option<Vec<u8>> {
    match origin? {
        Source::Foreign(origin) => Some(origin),
        Source::Null => Some(b"null".to_vec()),
        Source::Trusted(origin) => Some(origin.to_string().into_bytes()),
        Source::Ours => None,
    }
}
