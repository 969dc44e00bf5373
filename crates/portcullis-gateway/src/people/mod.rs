//! People who sign in at the gateway: stores opened, pages built, asked by every thread and replaced on reload.

mod build;
mod providers;
mod stores;
mod sweep;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use portcullis::layers::caller::session::{Context, Found, Person, Presented};
use portcullis_identity::door::Door;
use portcullis_tower::people::{Answer, Asked, Boxed, Identity};

pub use build::PeopleError;
pub(crate) use build::{Built, open, ranges, setting};
pub use stores::{StoreFault, Stores};
pub(crate) use sweep::sweep_now_and_then;

/// Whoever is asked about people: the door in force, or nobody where the policy has no `[identity]`.
#[derive(Default)]
pub(crate) struct Keepers(ArcSwapOption<Built>);

impl Keepers {
    pub(crate) fn new(built: Option<Built>) -> Arc<Self> {
        Arc::new(Self(ArcSwapOption::new(built.map(Arc::new))))
    }

    /// What is in force.
    pub(crate) fn built(&self) -> Option<Arc<Built>> {
        self.0.load_full()
    }

    /// From now on `built` is asked.
    pub(crate) fn replace(&self, built: Option<Built>) {
        self.0.store(built.map(Arc::new));
    }

    fn door(&self) -> Option<Arc<Door>> {
        self.0.load().as_ref().map(|built| built.door.clone())
    }
}

impl Identity for Keepers {
    fn find<'a>(&'a self, presented: &'a Presented, context: &'a Context, now: Duration) -> Boxed<'a, Found> {
        let door = self.door();
        Box::pin(async move {
            match door {
                Some(door) => door.find(presented, context, now).await,
                None => Found::away(),
            }
        })
    }

    fn answer<'a>(&'a self, asked: Asked) -> Boxed<'a, Answer> {
        let door = self.door();
        Box::pin(async move {
            match door {
                Some(door) => door.answer(asked).await,
                None => {
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    response.into()
                }
            }
        })
    }

    fn hand<'a>(&'a self, person: &'a Person, now: Duration) -> Boxed<'a, Option<HeaderValue>> {
        let door = self.door();
        Box::pin(async move {
            match door {
                Some(door) => door.hand(person, now).await,
                None => None,
            }
        })
    }

    fn vouch(&self, person: &Arc<Person>, origin: &str, now: Duration) -> Option<HeaderValue> {
        self.door()?.vouch(person, origin, now)
    }
}
