//! What the door looks up between [`receive`](crate::Engine::receive) and
//! [`identify`](crate::Engine::identify), and what it found.

use std::time::Duration;

use super::{rate, session};

/// What the door must look up before a caller is identified.
#[derive(Default)]
pub struct Needs {
    /// Allowances and bans.
    pub rate: rate::Needs,
    /// Who calls; `None` where nothing was presented, or nobody is to be asked.
    pub session: Option<Box<session::Asking>>,
}

/// What the door found.
#[derive(Default)]
pub struct Lent {
    /// For [`Needs::rate`].
    pub rate: rate::Lent,
    /// For [`Needs::session`]. Without an answer to a question the store is taken to be away: nobody is signed in.
    pub found: Option<session::Found>,
}

impl Needs {
    /// As if nobody had ever called before: for a door that keeps no state.
    #[must_use]
    pub fn fresh(&self, now: Duration) -> Lent {
        Lent { rate: self.rate.fresh(now), found: None }
    }
}

impl From<rate::Lent> for Lent {
    fn from(rate: rate::Lent) -> Self {
        Self { rate, found: None }
    }
}
