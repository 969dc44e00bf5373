//! The strict reader on a socket: what hyper reads has been judged before, byte for byte.
//!
//! ```text
//! socket ─▶ raw ─▶ framing::Reader ─▶ judged ─▶ hyper
//!                        └─▶ WireQueue ─▶ the service: one arrival for each request
//! ```
//!
//! hyper never meets a message it could object to, so that every refusal comes from the one gate, with
//! its event, and in the order of the requests: in the place of a head that cannot be read it gets a
//! harmless one, which the service answers by `Engine::refuse_malformed`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use portcullis::layers::arrival::framing::{Event, Fault, Phase, Reader, ReaderLimits, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::frames::overdue;
use super::pace::{Demand, Pace};
use super::wires::Protocol;
pub use super::wires::{Arrival, InFlight, WireQueue};

/// How much is read at once.
const READ: usize = 16 * 1024;
/// How much is read ahead of a decision on an upgrade.
const MOST_AHEAD: usize = 64 * 1024;
/// After a refusal, how much of what the client still sends is read and thrown away, and for how long:
/// closing a socket with bytes unread sends a reset, and the client never sees the refusal (RFC 9112
/// section 9.6).
const LINGER_BYTES: usize = 16 * 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(5);
/// After so long without a request, or a quarter of the time that it may be idle, a connection gives back the memory
/// that only requests need.
const PAUSE: Duration = Duration::from_secs(1);
/// What hyper gets in the place of a head that cannot be read.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nHost: malformed.invalid\r\nConnection: close\r\n\r\n";

/// How long a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte of a head to its last.
    pub header: Duration,
    /// For a body, while it is asked for.
    pub body: Demand,
    /// For what is written.
    pub send: Demand,
    /// How long a connection with nothing in flight may wait for its next request.
    pub idle: Duration,
}

/// A stream that speaks HTTP/1, judged as it is read. Writing passes through.
pub struct StrictStream<IO> {
    io: IO,
    reader: Reader,
    /// As it came, not judged yet.
    raw: BytesMut,
    /// Judged, for hyper.
    judged: Bytes,
    wires: WireQueue,
    patience: Patience,
    /// When the first byte of the head being read was there.
    head_since: Option<Instant>,
    waiting: Option<(Waiting, Instant)>,
    /// Nothing has come for [`PAUSE`], nothing is in flight, and everything written has gone.
    paused: bool,
    /// Something was written that may not have gone yet.
    unsent: bool,
    timer: Option<Pin<Box<Sleep>>>,
    /// The client as it sends the body of one request.
    sends: Pace,
    /// The client as it takes what is written since its last request.
    takes: Pace,
    write_timer: Option<Pin<Box<Sleep>>>,
    end: End,
    linger: Option<Linger>,
}

/// What hyper may read.
enum Next {
    /// What has been judged.
    Judged,
    /// Nothing more.
    End,
    /// What is not HTTP any more.
    Unjudged,
}

/// What the reader waits for, while it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Head,
    Body,
    /// The first part of [`Waiting::Idle`].
    Pause,
    Idle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There is more to come.
    Open,
    /// The client has ended, or was idle for too long.
    Over,
    /// A fault was found. hyper must not be told of an end before it has written the refusal: it would
    /// take the client for gone.
    Silent,
}

struct Linger {
    shut: bool,
    drained: usize,
    until: Pin<Box<Sleep>>,
}

impl<IO> StrictStream<IO> {
    /// Judges what `io` reads; the queue is for the service of this connection.
    pub fn new(io: IO, limits: ReaderLimits, patience: Patience) -> (Self, WireQueue) {
        let wires = WireQueue::default();
        let stream = Self {
            io,
            reader: Reader::new(limits),
            raw: BytesMut::new(),
            judged: Bytes::new(),
            wires: wires.clone(),
            patience,
            head_since: None,
            waiting: None,
            paused: false,
            unsent: false,
            timer: None,
            sends: Pace::new(patience.body),
            takes: Pace::new(patience.send),
            write_timer: None,
            end: End::Open,
            linger: None,
        };
        (stream, wires)
    }

    /// Gives the reader what it has, until something may pass or more is needed.
    fn judge(&mut self) -> io::Result<()> {
        while self.judged.is_empty() {
            if self.reader.phase() == Phase::Waiting {
                match self.wires.lock().protocol.take() {
                    Some(Protocol::Changed) => self.reader.go_transparent(),
                    Some(Protocol::Kept) => self.reader.resume(),
                    None => return Ok(()),
                }
            }
            match self.reader.read(&mut self.raw) {
                None => return Ok(()),
                Some(Event::Head(head)) => {
                    let since = self.head_since.take().unwrap_or_else(Instant::now);
                    self.sends = Pace::new(self.patience.body);
                    if head.readable {
                        self.judged = head.passes;
                        self.wires.push(head.wire, false, head.upgrade, since);
                    } else {
                        self.stand_in(head.wire, since);
                    }
                }
                Some(Event::Body(bytes)) => self.judged = bytes,
                Some(Event::End) => {}
                Some(Event::Fault(reason)) => return Err(self.break_off(reason)),
            }
        }
        Ok(())
    }

    fn stand_in(&mut self, wire: portcullis::layers::arrival::framing::Wire, since: Instant) {
        self.wires.push(wire, true, false, since);
        self.judged = Bytes::from_static(STAND_IN);
        self.end = End::Silent;
    }

    /// hyper's body ends in this error; the service finds the reason in the queue.
    fn break_off(&mut self, reason: Reason) -> io::Error {
        self.end = End::Silent;
        let told = io::Error::new(io::ErrorKind::InvalidData, reason.fault.code());
        self.wires.lock().body_fault = Some(reason);
        told
    }

    /// What is waited for now, and until when.
    fn deadline(&mut self) -> Option<(Waiting, Instant)> {
        if self.reader.phase() == Phase::Body {
            return Some((Waiting::Body, self.sends.waits(Instant::now())?));
        }
        let (waiting, patience) = match self.reader.phase() {
            Phase::Head if !self.raw.is_empty() => (Waiting::Head, self.patience.header),
            Phase::Head if self.wires.lock().in_flight == 0 => {
                let idle = self.patience.idle;
                let pause = PAUSE.min(idle / 4);
                if self.paused {
                    (Waiting::Idle, idle.saturating_sub(pause))
                } else {
                    (Waiting::Pause, pause)
                }
            }
            Phase::Head | Phase::Body | Phase::Waiting | Phase::Transparent | Phase::Broken => return None,
        };
        if let Some((before, deadline)) = self.waiting
            && before == waiting
        {
            return Some((waiting, deadline));
        }
        let since = match waiting {
            Waiting::Head => *self.head_since.get_or_insert_with(Instant::now),
            Waiting::Body | Waiting::Pause | Waiting::Idle => Instant::now(),
        };
        Some((waiting, since.checked_add(patience)?))
    }

    /// Acts on a deadline that has passed.
    fn give_up(&mut self, waiting: Waiting) -> io::Result<()> {
        self.waiting = None;
        match waiting {
            Waiting::Pause => {
                self.paused = true;
                if !self.unsent {
                    self.wires.pause();
                }
            }
            Waiting::Idle => self.end = End::Over,
            Waiting::Head => {
                let since = self.head_since.take().unwrap_or_else(Instant::now);
                let wire = self.reader.give_up(&mut self.raw, Fault::HeadSlow);
                self.stand_in(wire, since);
            }
            Waiting::Body => return Err(self.break_off(Reason::new(Fault::BodySlow, "body", b""))),
        }
        Ok(())
    }

    /// A client that takes nothing, or next to nothing, is given up (slow reading, CWE-400).
    fn written(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Ok(bytes)) => {
                self.takes.moved(bytes, Instant::now);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(overdue(&mut self.takes, &mut self.write_timer, context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Whether the client may still be sending what nobody will read.
    fn has_unread(&self) -> bool {
        self.end == End::Silent
            || !self.raw.is_empty()
            || (self.end == End::Open && self.reader.is_within_body())
    }
}

impl<IO: AsyncRead + Unpin> StrictStream<IO> {
    /// Reads more into `raw`; `Ready(false)` at the end.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // Not zeroed first: this runs for each request, and again when nothing has come.
        self.raw.reserve(READ);
        let known = self.raw.len();
        let polled = std::pin::pin!(self.io.read_buf(&mut self.raw)).poll(context);
        if self.raw.is_empty() {
            // A connection that waits keeps no memory.
            self.raw = BytesMut::new();
        }
        let more = ready!(polled)? > 0;
        self.sends.moved(self.raw.len().saturating_sub(known), Instant::now);
        Poll::Ready(Ok(more))
    }

    /// Reads until there is something for hyper.
    fn poll_judged(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Next>> {
        loop {
            if !self.judged.is_empty() {
                return Poll::Ready(Ok(Next::Judged));
            }
            match self.end {
                End::Over => return Poll::Ready(Ok(Next::End)),
                End::Silent => return Poll::Pending,
                End::Open => {}
            }
            if self.reader.phase() == Phase::Transparent && self.raw.is_empty() {
                return Poll::Ready(Ok(Next::Unjudged));
            }
            self.judge()?;
            if !self.judged.is_empty() || self.end != End::Open {
                continue;
            }
            self.wires.lock().reader = Some(context.waker().clone());
            if self.reader.phase() == Phase::Waiting {
                // The decision may have come between the look and the waker.
                if self.wires.lock().protocol.is_some() {
                    continue;
                }
                if self.raw.len() >= MOST_AHEAD {
                    return Poll::Pending;
                }
            }
            match self.poll_more(context)? {
                Poll::Ready(true) => {
                    self.paused = false;
                    if self.waiting.is_some_and(|(waiting, _)| waiting != Waiting::Head) {
                        self.waiting = None;
                    }
                }
                Poll::Ready(false) => self.end = End::Over,
                Poll::Pending => {
                    let waiting = ready!(self.poll_patience(context));
                    self.give_up(waiting)?;
                }
            }
        }
    }

    /// Waits until there is something for hyper, which need not be there meanwhile.
    ///
    /// # Errors
    /// When the connection breaks off.
    pub async fn resumes(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.poll_judged(context)).await.map(|_| ())
    }

    /// Runs the clock; `Ready` when the deadline has passed.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<Waiting> {
        let Some((waiting, deadline)) = self.deadline() else {
            self.waiting = None;
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if self.waiting != Some((waiting, deadline)) {
            self.waiting = Some((waiting, deadline));
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(context));
        Poll::Ready(waiting)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for StrictStream<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(this.poll_judged(context))? {
            Next::Judged => {
                let length = this.judged.len().min(buffer.remaining());
                buffer.put_slice(this.judged.split_to(length).chunk());
                Poll::Ready(Ok(()))
            }
            Next::End => Poll::Ready(Ok(())),
            Next::Unjudged => Pin::new(&mut this.io).poll_read(context, buffer),
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StrictStream<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.unsent = true;
        let polled = Pin::new(&mut this.io).poll_write(context, bytes);
        this.written(context, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            this.unsent = false;
        }
        flushed
    }

    /// Says that nothing more will be written; where the client is still sending, listens on for a while
    /// so that it can read the answer.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let unread = this.has_unread();
        let linger = this.linger.get_or_insert_with(|| Linger {
            shut: false,
            drained: 0,
            until: Box::pin(tokio::time::sleep(LINGER_TIME)),
        });
        if !linger.shut {
            ready!(Pin::new(&mut this.io).poll_shutdown(context))?;
            linger.shut = true;
        }
        if !unread {
            return Poll::Ready(Ok(()));
        }
        let mut waste = [0; 4096];
        while linger.drained < LINGER_BYTES {
            let mut buffer = ReadBuf::new(&mut waste);
            match Pin::new(&mut this.io).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    linger.drained = linger.drained.saturating_add(buffer.filled().len());
                }
                // The client has ended or is gone: either way there is nobody left to wait for.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(linger.until.as_mut().poll(context));
                    return Poll::Ready(Ok(()));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.unsent = true;
        let polled = Pin::new(&mut this.io).poll_write_vectored(context, parts);
        this.written(context, polled)
    }
}

#[cfg(test)]
mod tests;
