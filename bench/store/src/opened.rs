//! A store by its name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_store::postgres::Postgres;
use portcullis_store::redis::Redis;
use portcullis_store::sqlite::Sqlite;
use portcullis_store::{People, Sessions, StoreError};

/// A store that is open.
#[derive(Clone)]
pub struct Opened {
    /// Accounts, where it keeps them.
    pub people: Option<Arc<dyn People>>,
    /// Sessions.
    pub sessions: Arc<dyn Sessions>,
}

/// Opens a PostgreSQL or a Redis by its address, or an SQLite by the path of its file.
///
/// # Errors
/// When it does not open.
pub fn open(place: &str) -> Result<Opened, StoreError> {
    const PATIENCE: Duration = Duration::from_secs(60);
    if place.starts_with("postgres://") {
        let store = Arc::new(Postgres::open(place, PATIENCE)?);
        Ok(Opened { people: Some(store.clone()), sessions: store })
    } else if place.starts_with("redis://") {
        Ok(Opened { people: None, sessions: Arc::new(Redis::open(place, PATIENCE)?) })
    } else {
        let store = Arc::new(Sqlite::open(Path::new(place))?);
        Ok(Opened { people: Some(store.clone()), sessions: store })
    }
}
