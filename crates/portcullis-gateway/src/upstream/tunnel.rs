//! Both sides after `101 Switching Protocols`: bytes, no longer messages.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

/// Carries bytes both ways until one side ends. A client that never takes the switch up, or a tunnel that
/// breaks, ends it for both.
///
/// `counted` is dropped when it ends.
pub(crate) fn open<T: Send + 'static>(
    client: OnUpgrade,
    app: OnUpgrade,
    drain: crate::listen::Drain,
    counted: T,
) {
    tokio::spawn(async move {
        let _counted = counted;
        let carry = async {
            let (client, app) = match tokio::try_join!(client, app) {
                Ok(both) => both,
                Err(error) => {
                    tracing::debug!(%error, "a switch of protocols was not completed");
                    return;
                }
            };
            let (mut client, mut app) = (TokioIo::new(client), TokioIo::new(app));
            if let Err(error) = copy_bidirectional(&mut client, &mut app).await {
                tracing::debug!(%error, "a tunnel broke off");
            }
        };
        // Shutdown waits for running requests; a tunnel has no end to wait for.
        tokio::select! {
            () = carry => {}
            () = drain.begins() => {}
        }
    });
}
