//! For tests only: folders of their own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// An empty private folder below the system's temporary one.
pub(crate) fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("portcullis-{}-{number}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    crate::record::DataDir::open(&path).unwrap();
    path
}
