//! What the layer mended or dropped. It never denies: each of these becomes a note.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// What was mended or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The browser sent a name more than once; the first counts.
    Duplicate {
        /// The cookie.
        name: String,
    },
    /// A cookie of ours came with two values: one is somebody else's, and neither counts.
    Contradicted {
        /// The cookie.
        name: String,
    },
    /// The app set a cookie of the gate's own; it was not sent.
    Reserved {
        /// The cookie.
        name: String,
    },
    /// A value whose seal does not hold; the app does not get it.
    BrokenSeal {
        /// The cookie.
        name: String,
    },
    /// A cookie that should have come with `__Host-`; the app does not get it.
    Unprefixed {
        /// The cookie.
        name: String,
    },
    /// The app sent a name that claims a prefix without what the prefix demands.
    BrokenPrefix {
        /// The cookie.
        name: String,
        /// Whether it could be mended; browsers drop it otherwise.
        mended: bool,
    },
    /// The app set the same cookie more than once; the last counts.
    Repeated {
        /// The cookie.
        name: String,
    },
    /// More than browsers keep.
    Oversize {
        /// The cookie.
        name: String,
        /// Name and value together.
        bytes: usize,
    },
    /// It could not be sealed, and was not sent.
    Unsealed {
        /// The cookie.
        name: String,
    },
    /// What would have been added, had the layer enforced.
    WouldHarden {
        /// The cookie.
        name: String,
        /// The attributes.
        attributes: String,
    },
}

impl Reason {
    fn name(&self) -> &str {
        match self {
            Self::Duplicate { name }
            | Self::Contradicted { name }
            | Self::Reserved { name }
            | Self::BrokenSeal { name }
            | Self::Unprefixed { name }
            | Self::BrokenPrefix { name, .. }
            | Self::Repeated { name }
            | Self::Oversize { name, .. }
            | Self::Unsealed { name }
            | Self::WouldHarden { name, .. } => name,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::Duplicate { .. } => "cookies.duplicate",
            Self::Contradicted { .. } => "cookies.contradicted",
            Self::Reserved { .. } => "cookies.reserved",
            Self::BrokenSeal { .. } => "cookies.broken_seal",
            Self::Unprefixed { .. } => "cookies.unprefixed",
            Self::BrokenPrefix { .. } => "cookies.broken_prefix",
            Self::Repeated { .. } => "cookies.repeated",
            Self::Oversize { .. } => "cookies.oversize",
            Self::Unsealed { .. } => "cookies.unsealed",
            Self::WouldHarden { .. } => "cookies.would_harden",
        }
    }

    fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn sentence(&self) -> String {
        match self {
            Self::Duplicate { name } => {
                format!("the browser sent the cookie `{name}` more than once; only the first counts")
            }
            Self::Contradicted { name } => {
                format!("the gate's own cookie `{name}` came with two values; neither counts")
            }
            Self::Reserved { name } => {
                format!("the app set the gate's own cookie `{name}`; it was not sent")
            }
            Self::BrokenSeal { name } => {
                format!("the cookie `{name}` came with a seal that is not ours; it does not count")
            }
            Self::Unprefixed { name } => {
                format!("the cookie `{name}` came without the prefix `__Host-`; it does not count")
            }
            Self::BrokenPrefix { name, mended: true } => {
                format!("the app's cookie `{name}` lacked what the prefix of its name demands; it was added")
            }
            Self::BrokenPrefix { name, mended: false } => {
                format!(
                    "browsers will drop the app's cookie `{name}`: its prefix is only to be had over HTTPS"
                )
            }
            Self::Repeated { name } => {
                format!("the app set the cookie `{name}` more than once; only the last counts")
            }
            Self::Oversize { name, bytes } => {
                format!(
                    "browsers will drop the cookie `{name}`: it has {bytes} bytes, more than the 4096 they keep"
                )
            }
            Self::Unsealed { name } => format!("the cookie `{name}` could not be sealed; it was not sent"),
            Self::WouldHarden { name, attributes } => format!("the cookie `{name}` would get {attributes}"),
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::Duplicate { .. } | Self::Contradicted { .. } => {
                "a sibling subdomain can set a cookie of the same name to take the place of ours (CWE-384)"
            }
            Self::Reserved { .. } => {
                "whoever can make the app set cookies could sign a visitor in as somebody else (CWE-384)"
            }
            Self::BrokenSeal { .. } => {
                "somebody changed it, or made it, or the key it was sealed with is gone (CWE-565)"
            }
            Self::Unprefixed { .. } => {
                "a cookie without the prefix may have been set by a sibling subdomain or over plain HTTP (CWE-384)"
            }
            Self::BrokenPrefix { .. } => {
                "browsers drop such a cookie without a word (RFC 6265bis section 5.7)"
            }
            Self::Repeated { .. } => "browsers keep only the last of them (RFC 6265bis section 5.7)",
            Self::Oversize { .. } => "browsers drop such a cookie without a word (RFC 6265bis section 5.6)",
            Self::Unsealed { .. } => "a value that was to be secret must not be sent in the open (CWE-315)",
            Self::WouldHarden { .. } => {
                "without these a cookie travels in the open, is read by injected script or sent by foreign pages \
                 (CWE-614, CWE-1004, CWE-1275)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        // The name only: the value may be a session.
        Some(Evidence::new("cookie", self.name().as_bytes()))
    }

    fn exception(&self, _at: &Place<'_>) -> Option<String> {
        match self {
            Self::WouldHarden { name, .. } => Some(format!(
                "[[cookies.exception]]\nname = {}\n# injected script can then read it\nscript_readable = true\n",
                toml::Value::String(name.clone())
            )),
            Self::Duplicate { .. }
            | Self::Contradicted { .. }
            | Self::Reserved { .. }
            | Self::BrokenSeal { .. }
            | Self::Unprefixed { .. }
            | Self::BrokenPrefix { .. }
            | Self::Repeated { .. }
            | Self::Oversize { .. }
            | Self::Unsealed { .. } => None,
        }
    }
}
