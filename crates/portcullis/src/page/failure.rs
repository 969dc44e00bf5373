//! The app does not answer: pages for the gateway.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::answer;
use super::taste::Taste;
use super::words::Words;

/// Why there is no answer of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayError {
    /// No connection, or it broke off before an answer.
    Unreachable,
    /// It took too long.
    TooSlow,
    /// No server takes requests now.
    Unavailable,
    /// The app's answer was not HTTP, or larger than the gate accepts.
    Unreadable,
    /// The request has gone in a circle: the gate's app is the gate itself.
    Loop,
    /// A method that is never passed to apps.
    Method,
}

impl GatewayError {
    /// The status that tells it (RFC 9110 section 15.6, RFC 5842 section 7.2).
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unreachable | Self::Unreadable => StatusCode::BAD_GATEWAY,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Loop => StatusCode::LOOP_DETECTED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn words(self) -> Words {
        match self {
            Self::Unreachable => Words {
                title: "This site is not running right now",
                happened: "The gate in front of it works, but the app behind it cannot be reached.",
                advice: &["Try again in a few minutes."],
            },
            Self::TooSlow => Words {
                title: "This site took too long to answer",
                happened: "The app behind the gate received your request but did not answer in time. It may still \
                           be working on it.",
                advice: &["Before you send a form again, check whether it was done already."],
            },
            Self::Unavailable => Words {
                title: "This site has no room for you right now",
                happened: "The gate in front of it works, but no server of the app takes requests at the moment.",
                advice: &["Try again in a few seconds."],
            },
            Self::Unreadable => Words {
                title: "This site gave an answer that makes no sense",
                happened: "The app behind the gate answered with something that could not be read.",
                advice: &["Try again in a few minutes."],
            },
            Self::Loop => Words {
                title: "This request went in a circle",
                happened: "The gate was asked to pass the request to itself. The people who run this site can \
                           mend it.",
                advice: &[],
            },
            Self::Method => Words {
                title: "That cannot be done here",
                happened: "The request uses a method that is never passed on.",
                advice: &[],
            },
        }
    }
}

/// The answer when the app gave none; `id` is what the operator finds it by.
#[must_use]
pub fn gateway_error(error: GatewayError, taste: Taste, id: &str) -> Response<Bytes> {
    answer::with(taste, error.status(), &error.words(), id, None)
}
