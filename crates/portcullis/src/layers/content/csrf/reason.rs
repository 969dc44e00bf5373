//! Why the layer denies.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// `Sec-Fetch-Site: cross-site`, or a value that nobody knows.
    CrossSite {
        /// `Origin`, as sent.
        origin: Option<Vec<u8>>,
    },
    /// `Sec-Fetch-Site: same-site`: a sibling subdomain, another port or the plain HTTP side.
    SameSite {
        /// `Origin`, as sent.
        origin: Option<Vec<u8>>,
    },
    /// `Origin` is another one.
    ForeignOrigin {
        /// As sent.
        origin: Vec<u8>,
    },
    /// `Origin: null`, and no token of ours.
    NullOrigin,
    /// `Referer` is of another origin.
    ForeignReferer {
        /// Its origin.
        referer: Vec<u8>,
    },
    /// Nothing says where it came from, and there is no token of ours.
    MissingToken,
    /// A token that we did not make for this visitor.
    InvalidToken,
    /// A token that we made for this visitor, too long ago.
    ExpiredToken,
    /// A WebSocket handshake from another origin, or with credentials and without any.
    WebSocketOrigin {
        /// As sent.
        origin: Option<Vec<u8>>,
    },
    /// A header that browsers send once came twice.
    RepeatedHeader {
        /// Its name.
        name: &'static str,
        /// Its second value.
        second: Vec<u8>,
    },
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::CrossSite { .. } => "csrf.cross_site",
            Self::SameSite { .. } => "csrf.same_site",
            Self::ForeignOrigin { .. } => "csrf.foreign_origin",
            Self::NullOrigin => "csrf.null_origin",
            Self::ForeignReferer { .. } => "csrf.foreign_referer",
            Self::MissingToken => "csrf.missing_token",
            Self::InvalidToken => "csrf.invalid_token",
            Self::ExpiredToken => "csrf.expired_token",
            Self::WebSocketOrigin { .. } => "csrf.websocket_origin",
            Self::RepeatedHeader { .. } => "csrf.repeated_header",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::RepeatedHeader { .. } => StatusCode::BAD_REQUEST,
            Self::CrossSite { .. }
            | Self::SameSite { .. }
            | Self::ForeignOrigin { .. }
            | Self::NullOrigin
            | Self::ForeignReferer { .. }
            | Self::MissingToken
            | Self::InvalidToken
            | Self::ExpiredToken
            | Self::WebSocketOrigin { .. } => StatusCode::FORBIDDEN,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::CrossSite { origin } => {
                format!("the browser says that a page of another site{} caused this request", of(origin.as_ref()))
            }
            Self::SameSite { origin } => {
                format!(
                    "the browser says that a page of another origin of this site{} caused this request",
                    of(origin.as_ref())
                )
            }
            Self::ForeignOrigin { origin } => {
                format!("the header `origin` names `{}`, which is not this site", quoted(origin))
            }
            Self::NullOrigin => {
                "the header `origin` is `null` and no token of this site came along to say more".to_owned()
            }
            Self::ForeignReferer { referer } => {
                format!("the header `referer` names `{}`, which is not this site", quoted(referer))
            }
            Self::MissingToken => "the request carries credentials, but neither `sec-fetch-site`, `origin`, `referer` nor a token \
                 says where it came from"
                .to_owned(),
            Self::InvalidToken => {
                "the token is not one that was made for this visitor; perhaps the cookie it belongs to was not sent"
                    .to_owned()
            }
            Self::ExpiredToken => "the token was made for this visitor, but too long ago".to_owned(),
            Self::WebSocketOrigin { origin: Some(origin) } => {
                format!("the handshake comes from a page of `{}`, which is not this site", quoted(origin))
            }
            Self::WebSocketOrigin { origin: None } => {
                "the handshake carries credentials and no `origin`, which every browser sends".to_owned()
            }
            Self::RepeatedHeader { name, .. } => {
                format!("the header `{name}` came more than once, while browsers send it once")
            }
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::CrossSite { .. } | Self::ForeignOrigin { .. } | Self::ForeignReferer { .. } => {
                "a foreign page can make a visitor's browser send requests with the visitor's cookies, and so act in \
                 the visitor's name, or log the visitor into the attacker's account (CWE-352)"
            }
            Self::SameSite { .. } => {
                "cookies with `SameSite` go along with requests from sibling subdomains; one of them taken over or \
                 rented out could act in the visitor's name here (CWE-352)"
            }
            Self::NullOrigin => {
                "any page can send requests from a sandboxed frame, where its origin becomes `null` (CWE-352)"
            }
            Self::MissingToken | Self::InvalidToken | Self::ExpiredToken => {
                "without a sign that a page of this site made the request, a foreign page may have made it in the \
                 visitor's name (CWE-352)"
            }
            Self::WebSocketOrigin { .. } => {
                "the same-origin policy does not hold for WebSockets: a foreign page could talk to the app through the \
                 visitor's cookies and read the answers (CWE-1385, RFC 6455 section 10.2)"
            }
            Self::RepeatedHeader { .. } => {
                "two values let the gate judge by one and the app by the other (CWE-436)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        let (name, bytes) = match self {
            Self::CrossSite { origin } | Self::SameSite { origin } | Self::WebSocketOrigin { origin } => {
                ("origin", origin.as_ref()?)
            }
            Self::ForeignOrigin { origin } => ("origin", origin),
            Self::ForeignReferer { referer } => ("referer", referer),
            Self::RepeatedHeader { name, second } => (*name, second),
            Self::NullOrigin => return Some(Evidence::new("header `origin`", b"null")),
            // The token itself is a secret, however worthless it may be.
            Self::MissingToken | Self::InvalidToken | Self::ExpiredToken => return None,
        };
        Some(Evidence::new(format!("header `{name}`"), bytes))
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        match self {
            Self::CrossSite { origin } | Self::SameSite { origin } | Self::WebSocketOrigin { origin } => {
                Some(trust(origin.as_deref(), at))
            }
            Self::ForeignOrigin { origin } => Some(trust(Some(origin), at)),
            Self::ForeignReferer { referer } => Some(trust(Some(referer), at)),
            Self::NullOrigin | Self::MissingToken | Self::InvalidToken => Some(switch_off(at)),
            // Sending the form again mends the one; only the sender can mend the other.
            Self::ExpiredToken | Self::RepeatedHeader { .. } => None,
        }
    }
}

fn trust(origin: Option<&[u8]>, at: &Place<'_>) -> String {
    let origin =
        origin.and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(crate::origin::Origin::parse);
    let Some(origin) = origin else { return switch_off(at) };
    let plain = if origin.scheme() == "http" {
        "dangerous_http_origins = true # anybody on the network can speak for that origin\n"
    } else {
        ""
    };
    at.route(&format!(
        "[route.csrf]\n{plain}# pages of this origin can then act here in your visitors' names; add those that the site trusts\n\
         trusted_origins = [\"{origin}\"]\n"
    ))
}

fn switch_off(at: &Place<'_>) -> String {
    let methods = format!("methods = [{}]\n", toml::Value::String(at.method.to_owned()));
    at.route(&format!(
        "{methods}[route.csrf]\n# any page can then make a visitor's browser send this; only for what checks its own credentials, \
         such as a webhook\nmode = \"off\"\n"
    ))
}

fn of(origin: Option<&Vec<u8>>) -> String {
    origin.map_or_else(String::new, |origin| format!(", `{}`,", quoted(origin)))
}

/// As sent, shortened, with what is not printable escaped.
fn quoted(bytes: &[u8]) -> String {
    bytes.iter().take(100).copied().flat_map(std::ascii::escape_default).map(char::from).collect()
}
