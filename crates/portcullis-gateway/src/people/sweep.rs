//! What has ended is removed from the stores now and then, so that they do not grow.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::Keepers;

const EVERY: Duration = Duration::from_secs(60);

/// Sweeps until the gate closes, in a thread of its own.
pub(crate) fn sweep_now_and_then(keepers: Arc<Keepers>, mut closed: watch::Receiver<bool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("people-sweep".to_owned()).spawn(move || {
        runtime.block_on(async move {
            loop {
                tokio::select! {
                    changed = closed.changed() => {
                        if changed.is_err() || *closed.borrow() {
                            return;
                        }
                    }
                    () = tokio::time::sleep(EVERY) => sweep(&keepers).await,
                }
            }
        });
    })?;
    Ok(())
}

async fn sweep(keepers: &Keepers) {
    let Some(built) = keepers.built() else { return };
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return };
    // A large heap is worked off in steps, between which others may write.
    for _ in 0..100 {
        match built.door.sessions().sweep(now).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "what has ended could not be removed from the store");
                return;
            }
        }
    }
}
