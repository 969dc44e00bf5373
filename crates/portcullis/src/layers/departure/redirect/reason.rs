//! Why the layer denies.

use http::StatusCode;
use http::header::HeaderName;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It leaves the site for a place that the request named.
    FromRequest {
        /// `location` or `refresh`.
        header: HeaderName,
        /// The origin it leads to.
        place: String,
        /// The target as the app wrote it.
        target: Vec<u8>,
        /// The part of the request that named it.
        told: Vec<u8>,
    },
    /// It leaves the site, and the policy allows only partners.
    Foreign {
        /// `location` or `refresh`.
        header: HeaderName,
        /// The origin it leads to.
        place: String,
        /// The target as the app wrote it.
        target: Vec<u8>,
    },
    /// It leads to a scheme that runs script or opens what is private.
    DangerousScheme {
        /// `location` or `refresh`.
        header: HeaderName,
        /// The scheme.
        scheme: String,
        /// The target as the app wrote it.
        target: Vec<u8>,
    },
    /// Two `Location` that differ.
    RepeatedLocation {
        /// The second.
        second: Vec<u8>,
    },
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::FromRequest { .. } => "redirect.from_request",
            Self::Foreign { .. } => "redirect.foreign",
            Self::DangerousScheme { .. } => "redirect.dangerous_scheme",
            Self::RepeatedLocation { .. } => "redirect.repeated_location",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            // The visitor's link was bad, not the app's answer to a good one.
            Self::FromRequest { .. } | Self::Foreign { .. } | Self::DangerousScheme { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::RepeatedLocation { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::FromRequest { header, place, .. } => {
                format!("the app's `{header}` leads to `{place}`, which the request itself named")
            }
            Self::Foreign { header, place, .. } => {
                format!("the app's `{header}` leads to `{place}`, which is not among the partners")
            }
            Self::DangerousScheme { header, scheme, .. } => {
                format!("the app's `{header}` leads to the scheme `{scheme}:`")
            }
            Self::RepeatedLocation { .. } => "the app sent two headers `location` that differ".to_owned(),
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::FromRequest { .. } | Self::Foreign { .. } => {
                "a link to this site that ends on a stranger's page lends the site's good name to phishing and can \
                 carry codes and tokens away (CWE-601)"
            }
            Self::DangerousScheme { .. } => {
                "where a browser follows it, script of the attacker runs or private things open (CWE-601, CWE-79)"
            }
            Self::RepeatedLocation { .. } => {
                "browsers disagree which of two they follow, and a second one is what header injection leaves \
                 (CWE-113)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::FromRequest { told, .. } => Some(Evidence::new("request", told)),
            Self::Foreign { header, target, .. } | Self::DangerousScheme { header, target, .. } => {
                Some(Evidence::new(format!("response header `{header}`"), target))
            }
            Self::RepeatedLocation { second } => Some(Evidence::new("response header `location`", second)),
        }
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        match self {
            Self::FromRequest { place, .. } | Self::Foreign { place, .. } => {
                let origin = crate::origin::Origin::parse(place)?;
                let plain = if origin.scheme() == "http" {
                    "dangerous_http_partners = true # what is sent there can be read and changed on the way\n"
                } else {
                    ""
                };
                Some(at.route(&format!(
                    "[route.redirect]\n{plain}# anybody can then make links that pass through here to this place\n\
                     partners = [\"{origin}\"]\n"
                )))
            }
            Self::DangerousScheme { .. } | Self::RepeatedLocation { .. } => None,
        }
    }
}
