//! QUIC as the library of HTTP/3 sees it, with a [`Meter`] on everything that it reads.

use std::task::{Context, Poll};

use bytes::Bytes;
use h3::error::Code;
use h3::quic::{self, ConnectionErrorIncoming, StreamErrorIncoming, StreamId, WriteBuf};
use tokio::time::Instant;

use super::meter::{Excess, Meter};

/// A connection, or what opens streams of our own on it.
pub(super) struct Metered<C> {
    inner: C,
    ends: Ends,
}

/// Ends a connection whose client sends too much of what brings nothing, or what is malformed.
#[derive(Clone)]
pub(super) struct Ends {
    connection: quinn::Connection,
}

impl Ends {
    /// Puts a meter on a stream.
    fn watch<S>(&self, inner: S, meter: Meter) -> Recv<S> {
        Recv { inner, meter, ends: self.clone() }
    }

    fn end(&self, excess: Excess) -> StreamErrorIncoming {
        let Excess { code, why } = excess;
        tracing::warn!(from = %self.connection.remote_address(), why, "an HTTP/3 connection was closed");
        let code = quinn::VarInt::from_u64(code.value()).unwrap_or_default();
        self.connection.close(code, why.as_bytes());
        StreamErrorIncoming::Unknown(why.into())
    }
}

impl Metered<h3_quinn::Connection> {
    pub(super) fn new(connection: quinn::Connection) -> Self {
        let ends = Ends { connection: connection.clone() };
        Self { inner: h3_quinn::Connection::new(connection), ends }
    }
}

impl quic::Connection<Bytes> for Metered<h3_quinn::Connection> {
    type RecvStream = Recv<h3_quinn::RecvStream>;
    type OpenStreams = Metered<h3_quinn::OpenStreams>;

    fn poll_accept_recv(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::RecvStream, ConnectionErrorIncoming>> {
        let ends = &self.ends;
        quic::Connection::<Bytes>::poll_accept_recv(&mut self.inner, context)
            .map_ok(|stream| ends.watch(stream, Meter::unidirectional()))
    }

    fn poll_accept_bidi(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::BidiStream, ConnectionErrorIncoming>> {
        let ends = &self.ends;
        quic::Connection::<Bytes>::poll_accept_bidi(&mut self.inner, context)
            .map_ok(|stream| ends.watch(stream, Meter::request()))
    }

    fn opener(&self) -> Self::OpenStreams {
        Metered { inner: quic::Connection::<Bytes>::opener(&self.inner), ends: self.ends.clone() }
    }
}

impl<C: quic::OpenStreams<Bytes>> quic::OpenStreams<Bytes> for Metered<C>
where
    C::BidiStream: quic::RecvStream<Buf = Bytes>,
{
    type BidiStream = Recv<C::BidiStream>;
    type SendStream = C::SendStream;

    fn poll_open_bidi(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::BidiStream, StreamErrorIncoming>> {
        let ends = &self.ends;
        self.inner.poll_open_bidi(context).map_ok(|stream| ends.watch(stream, Meter::request()))
    }

    fn poll_open_send(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::SendStream, StreamErrorIncoming>> {
        self.inner.poll_open_send(context)
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.inner.close(code, reason);
    }
}

/// A stream of which what is read is measured; what is written passes through.
pub(super) struct Recv<S> {
    inner: S,
    meter: Meter,
    ends: Ends,
}

impl<S: quic::RecvStream<Buf = Bytes>> quic::RecvStream for Recv<S> {
    type Buf = Bytes;

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        let polled = self.inner.poll_data(context);
        if let Poll::Ready(Ok(Some(bytes))) = &polled
            && let Err(excess) = self.meter.read(bytes, Instant::now)
        {
            return Poll::Ready(Err(self.ends.end(excess)));
        }
        polled
    }

    fn stop_sending(&mut self, error_code: u64) {
        self.inner.stop_sending(error_code);
    }

    fn recv_id(&self) -> StreamId {
        self.inner.recv_id()
    }
}

impl<S: quic::SendStream<Bytes>> quic::SendStream<Bytes> for Recv<S> {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.inner.poll_ready(context)
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.inner.send_data(data)
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.inner.poll_finish(context)
    }

    fn reset(&mut self, reset_code: u64) {
        self.inner.reset(reset_code);
    }

    fn send_id(&self) -> StreamId {
        self.inner.send_id()
    }
}

impl quic::BidiStream<Bytes> for Recv<h3_quinn::BidiStream<Bytes>> {
    type SendStream = h3_quinn::SendStream<Bytes>;
    type RecvStream = Recv<h3_quinn::RecvStream>;

    fn split(self) -> (Self::SendStream, Self::RecvStream) {
        let (send, inner) = quic::BidiStream::split(self.inner);
        (send, Recv { inner, meter: self.meter, ends: self.ends })
    }
}
