//! One HTTP/1 connection under hyper, which is sent away between requests.
//!
//! hyper keeps 16 KB of buffers for each connection, whether anything comes or not. While a connection has
//! paused it is the [`StrictStream`] alone that waits; hyper is begun anew for the next request.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::strict::{StrictStream, WireQueue};

/// What a connection does next.
enum Turn {
    Ends(hyper::Result<()>),
    /// Nothing has come for a while.
    Pauses,
    /// It must end with what is in flight.
    Closes,
}

/// Serves until one side ends it; once `closes` is ready, only what is in flight.
///
/// # Errors
/// When it breaks off.
pub(super) async fn serve<IO, S>(
    http: &http1::Builder,
    io: StrictStream<IO>,
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
    let mut closing = false;
    let begin = |io, service| Box::new(http.serve_connection(TokioIo::new(io), service).with_upgrades());
    let mut served = begin(io, service);
    loop {
        let turn = {
            let mut served = Pin::new(&mut *served);
            let closes = &mut closes;
            std::future::poll_fn(move |context| {
                if let Poll::Ready(ended) = served.as_mut().poll(context) {
                    return Poll::Ready(Turn::Ends(ended));
                }
                if !closing && closes.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Turn::Closes);
                }
                if !closing && wires.take_pause() { Poll::Ready(Turn::Pauses) } else { Poll::Pending }
            })
            .await
        };
        match turn {
            Turn::Ends(ended) => return ended,
            Turn::Closes => {
                closing = true;
                Pin::new(&mut *served).graceful_shutdown();
            }
            Turn::Pauses => {
                let Some(parts) = served.into_parts() else { return Ok(()) };
                // Between requests nothing is left over; a connection of which that is not certain is ended.
                if !parts.read_buf.is_empty() {
                    return Ok(());
                }
                let mut io = parts.io.into_inner();
                let closed = tokio::select! {
                    // What went wrong, hyper meets again.
                    _ = io.resumes() => false,
                    () = closes.as_mut() => true,
                };
                served = begin(io, parts.service);
                if closed {
                    closing = true;
                    Pin::new(&mut *served).graceful_shutdown();
                }
            }
        }
    }
}
