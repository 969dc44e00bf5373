//! What a request presents to say who it is.

use std::net::IpAddr;

use zeroize::Zeroizing;

/// What a request presents to say who it is: raw values, taken out of its head. No `Debug`, wiped when dropped.
#[derive(Clone, Default)]
pub struct Presented {
    /// The session's id.
    pub session: Option<Zeroizing<String>>,
    /// The token of a remembered device, `family.token`.
    pub remembered: Option<Zeroizing<String>>,
    /// What was begun and is not over: a sign-in that waits for its second factor, a way to a provider and back.
    pub flow: Option<Zeroizing<String>>,
    /// A device that somebody signed in with before: it says who may try, and signs nobody in.
    pub device: Option<Zeroizing<String>>,
    /// What binds that which was begun elsewhere to this browser. It speaks for nobody.
    pub attempt: Option<Zeroizing<String>>,
    /// An API key, `pk_…`.
    pub key: Option<Zeroizing<String>>,
}

impl Presented {
    /// Whether something stands here that speaks for a person.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.session.is_some() || self.remembered.is_some() || self.key.is_some()
    }

    /// Whether something stands here that a browser adds by itself.
    pub(crate) fn is_ambient(&self) -> bool {
        self.session.is_some() || self.remembered.is_some() || self.flow.is_some()
    }
}

/// From where and with what a request comes: for lists of devices, and to notice an impossible change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// `User-Agent` as sent, printable, cut to 256 characters; empty where none was sent.
    pub agent: String,
    /// The client's address.
    pub network: IpAddr,
    /// Over HTTPS: cookies are `__Host-` and `Secure`.
    pub secure: bool,
}

/// A question to the door: who is this?
#[derive(Clone)]
pub struct Asking {
    /// What was presented.
    pub presented: Presented,
    /// By whom, as far as it shows.
    pub context: Context,
}
