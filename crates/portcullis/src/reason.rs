//! Every reason of every layer, under one roof: one total map from a reason to its words and its status.

use http::StatusCode;

use crate::layers::arrival::{client, framing, host, limits, transport};
use crate::layers::caller::{access, rate, session};
use crate::layers::content::{csrf, gate};
use crate::layers::departure::{cookies, leak, redirect};
use crate::verdict::{Evidence, Grounds, Layer, Place};

macro_rules! reasons {
    ($($variant:ident => $room:path),+ $(,)?) => {
        /// Why an exchange was refused, or would have been.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = concat!("By the layer ", stringify!($variant), ".")] $variant($room)),+
        }

        $(impl From<$room> for Reason {
            fn from(reason: $room) -> Self {
                Self::$variant(reason)
            }
        })+

        impl Reason {
            fn grounds(&self) -> &dyn Grounds {
                match self { $(Self::$variant(reason) => reason),+ }
            }

            /// The layer that gave it.
            #[must_use]
            pub fn layer(&self) -> Layer {
                match self { $(Self::$variant(_) => Layer::$variant),+ }
            }
        }
    };
}

reasons! {
    Framing => framing::Reason,
    Limits => limits::Reason,
    Client => client::Reason,
    Host => host::Reason,
    Transport => transport::Reason,
    Rate => rate::Reason,
    Session => session::Reason,
    Access => access::Reason,
    Csrf => csrf::Reason,
    Gate => gate::Reason,
    Cookies => cookies::Reason,
    Leak => leak::Reason,
    Redirect => redirect::Reason,
}

impl Reason {
    /// Whether it leaves no event of its own: a way to HTTPS or to sign in is an answer, not an incident, and a flood of
    /// refusals that were told of a moment ago must not become a flood of lines.
    pub(crate) fn is_quiet(&self) -> bool {
        self.layer() == Layer::Transport && self.status().is_redirection()
            || matches!(self, Self::Rate(reason) if reason.is_told())
            || matches!(self, Self::Access(reason) if reason.is_invitation())
    }
}

impl Reason {
    /// The rules that it rests on.
    pub(crate) fn findings(&self) -> &[gate::Finding] {
        match self {
            Self::Gate(reason) => reason.findings(),
            _ => &[],
        }
    }

    /// The score that it rests on.
    pub(crate) fn score(&self) -> Option<i64> {
        match self {
            Self::Gate(reason) => reason.score(),
            _ => None,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        self.grounds().code()
    }
    fn status(&self) -> StatusCode {
        self.grounds().status()
    }
    fn sentence(&self) -> String {
        self.grounds().sentence()
    }
    fn why(&self) -> &'static str {
        self.grounds().why()
    }
    fn evidence(&self) -> Option<Evidence> {
        self.grounds().evidence()
    }
    fn exception(&self, at: &Place<'_>) -> Option<String> {
        self.grounds().exception(at)
    }
}
