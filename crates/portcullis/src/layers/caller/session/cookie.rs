//! Our cookies about people: their names, how they are set, and how they are read.

use std::time::Duration;

use http::HeaderValue;
use zeroize::Zeroizing;

use super::Presented;

/// More than any value of ours has.
const LONGEST: usize = 512;

/// A cookie of the gate's own about a person. The app never sees one.
///
/// Over HTTPS each has the prefix `__Host-`, so that no sibling subdomain can set or shadow it (RFC 6265bis section
/// 4.1.3.2); over plain HTTP, which only a policy that says so allows, the prefix is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session's id.
    Session,
    /// A device that stays signed in.
    Remembered,
    /// What was begun and is not over.
    Flow,
    /// A device that somebody signed in with before.
    Device,
    /// What binds that which was begun elsewhere, at a provider or with a passkey, to this browser.
    Attempt,
}

impl Cookie {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Session, Self::Remembered, Self::Flow, Self::Device, Self::Attempt];

    /// The name in the browser.
    #[must_use]
    pub const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-portcullis-session",
            (Self::Session, false) => "portcullis-session",
            (Self::Remembered, true) => "__Host-portcullis-remember",
            (Self::Remembered, false) => "portcullis-remember",
            (Self::Flow, true) => "__Host-portcullis-flow",
            (Self::Flow, false) => "portcullis-flow",
            (Self::Device, true) => "__Host-portcullis-device",
            (Self::Device, false) => "portcullis-device",
            (Self::Attempt, true) => "__Host-portcullis-attempt",
            (Self::Attempt, false) => "portcullis-attempt",
        }
    }

    /// `Set-Cookie` with this value; without `lifetime` until the browser is closed. `None` when the value is none of
    /// ours: longer than 512 bytes, or of other characters than base64url and `.`.
    ///
    /// `SameSite=Lax`: a visitor who follows a link to the site stays signed in, and what changes something is
    /// guarded by the layer `csrf`.
    #[must_use]
    pub fn set(self, value: &str, secure: bool, lifetime: Option<Duration>) -> Option<HeaderValue> {
        if !is_value(value.as_bytes()) {
            return None;
        }
        let name = self.name(secure);
        let age = lifetime.map(|span| format!("; Max-Age={}", span.as_secs())).unwrap_or_default();
        let flags = if secure { "; Secure" } else { "" };
        let mut header =
            HeaderValue::from_str(&format!("{name}={value}; Path=/{age}{flags}; HttpOnly; SameSite=Lax"))
                .ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// `Set-Cookie` that takes it away.
    #[must_use]
    pub fn clear(self, secure: bool) -> HeaderValue {
        let name = self.name(secure);
        let flags = if secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!("{name}=; Path=/; Max-Age=0{flags}; HttpOnly; SameSite=Lax"))
            .unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The cookie with this name, over HTTPS or not.
    pub(crate) fn named(name: &[u8]) -> Option<(Self, bool)> {
        Self::ALL
            .into_iter()
            .flat_map(|cookie| [(cookie, true), (cookie, false)])
            .find(|(cookie, secure)| cookie.name(*secure).as_bytes() == name)
    }

    fn place(self, presented: &mut Presented) -> &mut Option<Zeroizing<String>> {
        match self {
            Self::Session => &mut presented.session,
            Self::Remembered => &mut presented.remembered,
            Self::Flow => &mut presented.flow,
            Self::Device => &mut presented.device,
            Self::Attempt => &mut presented.attempt,
        }
    }
}

/// Gathers our cookies while a head is read.
#[derive(Default)]
pub(crate) struct Gathered {
    presented: Presented,
    /// Those that came with two values.
    twice: Vec<Cookie>,
}

impl Gathered {
    /// Takes a pair; what is none of our values is as good as none.
    pub(crate) fn take(&mut self, cookie: Cookie, value: &[u8]) {
        let Some(text) = std::str::from_utf8(value).ok().filter(|_| is_value(value)) else { return };
        let place = cookie.place(&mut self.presented);
        match place {
            Some(before) if before.as_str() == text => {}
            Some(_) => self.twice.push(cookie),
            None => *place = Some(Zeroizing::new(text.to_owned())),
        }
    }

    /// What was presented, and the cookies that came with two values and so count for nothing.
    pub(crate) fn finish(mut self) -> (Presented, Vec<Cookie>) {
        for cookie in &self.twice {
            *cookie.place(&mut self.presented) = None;
        }
        (self.presented, self.twice)
    }
}

fn is_value(value: &[u8]) -> bool {
    (1..=LONGEST).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
