//! One HTTP/1 connection under hyper, which is sent away while nothing comes.
//!
//! hyper keeps 16 KB of buffers for each connection, whether anything comes or not. While a connection has
//! paused it is the [`StrictStream`] alone that waits; hyper is begun anew for the next request.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, UpgradeableConnection};
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::strict::{StrictStream, WireQueue};

/// How one life of hyper ends.
enum Turn<Paused> {
    /// With the connection.
    Ends(hyper::Result<()>),
    /// Nothing has come for a while.
    Pauses(Paused),
}

/// Serves until one side ends it; once `closes` is ready, only what is in flight.
///
/// # Errors
/// When it breaks off.
pub(super) async fn serve<IO, S>(
    http: &http1::Builder,
    io: Box<StrictStream<IO>>,
    wires: &WireQueue,
    service: S,
    closes: impl Future<Output = ()>,
) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Incoming> + Unpin,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::ResBody: Body + 'static,
    <S::ResBody as Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut closes = std::pin::pin!(closes);
    let (mut io, mut service) = (io, service);
    let mut closing = false;
    loop {
        let connection = http.serve_connection(TokioIo::new(io), service).with_upgrades();
        let paused = match live(Box::new(connection), wires, closes.as_mut(), &mut closing).await {
            Turn::Ends(ended) => return ended,
            Turn::Pauses(paused) => paused,
        };
        (io, service) = paused;
        tokio::select! {
            // What went wrong, hyper meets again.
            _ = io.resumes() => {}
            () = closes.as_mut(), if !closing => closing = true,
        }
    }
}

/// One life of hyper: nothing of what it holds outlives this.
async fn live<IO, S>(
    mut served: Box<UpgradeableConnection<TokioIo<Box<StrictStream<IO>>>, S>>,
    wires: &WireQueue,
    mut closes: Pin<&mut impl Future<Output = ()>>,
    closing: &mut bool,
) -> Turn<(Box<StrictStream<IO>>, S)>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Incoming> + Unpin,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::ResBody: Body + 'static,
    <S::ResBody as Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if *closing {
        Pin::new(&mut *served).graceful_shutdown();
    }
    let ended = std::future::poll_fn(|context| {
        loop {
            if let Poll::Ready(ended) = Pin::new(&mut *served).poll(context) {
                return Poll::Ready(Some(ended));
            }
            if *closing {
                return Poll::Pending;
            }
            if closes.as_mut().poll(context).is_pending() {
                return if wires.take_pause() { Poll::Ready(None) } else { Poll::Pending };
            }
            *closing = true;
            Pin::new(&mut *served).graceful_shutdown();
        }
    })
    .await;
    if let Some(ended) = ended {
        return Turn::Ends(ended);
    }
    match served.into_parts() {
        // Between requests nothing is left over; a connection of which that is not certain is ended.
        Some(parts) if parts.read_buf.is_empty() => Turn::Pauses((parts.io.into_inner(), parts.service)),
        _ => Turn::Ends(Ok(())),
    }
}
