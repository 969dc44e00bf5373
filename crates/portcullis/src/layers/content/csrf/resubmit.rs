//! A form that came with an expired token is offered to be sent again, so that nobody's text is lost.

use super::{FIELD, TokenMint};
use crate::body::Inspector;
use crate::exchange::Exchange;
use crate::keys::Keyring;

/// The most of a form that is written into a page again, in bytes and in fields.
const MOST_BYTES: usize = 256 * 1024;
const MOST_FIELDS: usize = 500;

/// A form to offer again. It is only made for a token that we wrote for this very visitor, so that
/// nothing a foreign page sent is ever offered.
#[derive(Clone, PartialEq, Eq)]
pub struct Resubmit {
    /// Path and query to send it to: always begins with one slash.
    pub action: String,
    /// The fields, in order, without our own.
    pub fields: Vec<(String, String)>,
    /// A fresh token, for the field [`FIELD`].
    pub token: String,
}

impl Resubmit {
    /// The whole form, or `None` where only a part could be offered: a multipart form, one too large, or
    /// one that is not UTF-8.
    pub(super) fn offer(inspector: &Inspector, exchange: &mut Exchange, keys: &Keyring) -> Option<Self> {
        let pairs = inspector.form_pairs()?;
        let fields: Vec<(String, String)> = pairs.iter().filter(|(name, _)| name != FIELD).cloned().collect();
        let bytes: usize = fields.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
        if fields.len() > MOST_FIELDS || bytes > MOST_BYTES {
            return None;
        }
        let action = action(&exchange.request.target)?;
        let token = TokenMint::for_exchange(exchange, keys).token();
        Some(Self { action, fields, token })
    }
}

/// The target as sent, when it stays here: `//host/` in an `action` would leave the site.
fn action(target: &str) -> Option<String> {
    let path = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.split_at_checked(rest.find('/')?)?.1,
        _ => target,
    };
    let stays = path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\");
    stays.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::action;

    #[test]
    fn a_form_is_only_sent_again_to_this_site() {
        for (target, expected) in [
            ("/order?step=2", Some("/order?step=2")),
            ("https://shop.example/order?x=https://a/b", Some("/order?x=https://a/b")),
            ("/go?u=https://evil.example/", Some("/go?u=https://evil.example/")),
            ("//evil.example/", None),
            ("/\\evil.example/", None),
            ("https://shop.example//evil.example/", None),
            ("https://shop.example", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(action(target).as_deref(), expected, "{target}");
        }
    }
}
