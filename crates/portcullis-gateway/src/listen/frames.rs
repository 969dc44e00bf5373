//! HTTP/2: frames that cost the gate something and bring it nothing, counted before the library sees them.
//!
//! **Attack.** PING and SETTINGS that ask for an answer each, streams opened and reset (rapid reset,
//! CVE-2023-44487), empty DATA and CONTINUATION frames without end (CVE-2019-9512, -9515, -9518,
//! CVE-2024-27316), windows opened a byte at a time (CVE-2019-9511): a few bytes for the client, work for
//! the gate.
//!
//! **What is decided.** A connection has a purse. Every such frame takes from it; requests, bodies, bytes
//! that the client takes, and time put something back. Whoever empties it loses the connection. A browser
//! that loads a page of a thousand parts and cancels half of them stays far from that.
//!
//! hyper and h2 bound the rest: concurrent streams, header lists, resets that wait, the frames of one
//! header block.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::pace::{Demand, Pace};

/// The client's preface, before any frame (RFC 9113 section 3.4).
const PREFACE: usize = 24;
/// A frame's header: length, type, flags, stream (RFC 9113 section 4.1).
const HEADER: usize = 9;

const PURSE: i64 = 4000;
const A_SECOND: i64 = 200;
const FOR_BYTES: usize = 4096;

/// Where in the bytes of a connection the counter stands.
#[derive(Debug)]
pub(crate) struct Counter {
    /// Bytes of the preface or of a payload that come before the next header.
    skip: usize,
    header: [u8; HEADER],
    known: usize,
    purse: i64,
    filled: Instant,
    taken: usize,
}

impl Counter {
    pub(crate) fn new(now: Instant) -> Self {
        Self { skip: PREFACE, header: [0; HEADER], known: 0, purse: PURSE, filled: now, taken: 0 }
    }

    /// The client sent these bytes; `false` when its purse is empty.
    fn read(&mut self, mut bytes: &[u8], now: impl FnOnce() -> Instant) -> bool {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip = self.skip.saturating_sub(skipped);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let wanted = HEADER.saturating_sub(self.known).min(bytes.len());
            let (part, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
            if let Some(place) = self.header.get_mut(self.known..self.known.saturating_add(wanted)) {
                place.copy_from_slice(part);
            }
            self.known = self.known.saturating_add(wanted);
            bytes = rest;
            if self.known == HEADER {
                self.frame();
            }
        }
        if self.purse > 0 {
            return true;
        }
        let now = now();
        let seconds = now.saturating_duration_since(self.filled).as_secs();
        self.filled = now;
        let earned = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(A_SECOND);
        self.earn(earned);
        self.purse > 0
    }

    fn frame(&mut self) {
        let [one, two, three, kind, flags, ..] = self.header;
        let length = usize::from(one) << 16 | usize::from(two) << 8 | usize::from(three);
        self.known = 0;
        self.skip = length;
        match kind {
            // DATA; the last of a body may be empty.
            0 if length > 0 => self.earn(2),
            0 if flags & 1 == 1 => {}
            // HEADERS
            1 => self.earn(2),
            // RST_STREAM: what it ends has cost more than itself.
            3 => self.purse = self.purse.saturating_sub(10),
            // SETTINGS, PING
            4 | 6 => self.purse = self.purse.saturating_sub(4),
            // PRIORITY, WINDOW_UPDATE, CONTINUATION, empty DATA, what nobody knows
            _ => self.purse = self.purse.saturating_sub(1),
        }
    }

    /// The client took so many bytes: it has reason to open windows.
    fn wrote(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes);
        let parts = self.taken.checked_div(FOR_BYTES).unwrap_or(0);
        if parts > 0 {
            self.taken = self.taken.checked_rem(FOR_BYTES).unwrap_or(0);
            self.earn(i64::try_from(parts).unwrap_or(i64::MAX).saturating_mul(2));
        }
    }

    fn earn(&mut self, more: i64) {
        self.purse = self.purse.saturating_add(more).min(PURSE);
    }
}

/// A stream that speaks HTTP/2, counted as it is read, and given up when its client does not read.
pub(crate) struct Counted<IO> {
    io: IO,
    counter: Counter,
    takes: Pace,
    timer: Option<Pin<Box<Sleep>>>,
    flooded: Box<dyn Fn() + Send>,
}

impl<IO> Counted<IO> {
    /// `flooded` is told when the connection is given up for its frames.
    pub(crate) fn new(io: IO, takes: Demand, flooded: impl Fn() + Send + 'static) -> Self {
        let counter = Counter::new(Instant::now());
        Self { io, counter, takes: Pace::new(takes), timer: None, flooded: Box::new(flooded) }
    }

    fn written(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Ok(bytes)) => {
                self.takes.moved(bytes, Instant::now);
                self.counter.wrote(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => match overdue(&mut self.takes, &mut self.timer, context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// Runs the clock on a client that is waited for; `Ready` when it was waited for long enough.
pub(crate) fn overdue(
    pace: &mut Pace,
    timer: &mut Option<Pin<Box<Sleep>>>,
    context: &mut Context<'_>,
) -> Poll<()> {
    let Some(deadline) = pace.waits(Instant::now()) else { return Poll::Pending };
    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
    // A timer is only moved when it fires too early: moving it costs more than waking once in vain.
    loop {
        if timer.deadline() > deadline.checked_add(Duration::from_millis(1)).unwrap_or(deadline) {
            timer.as_mut().reset(deadline);
        }
        std::task::ready!(timer.as_mut().poll(context));
        if Instant::now() >= deadline {
            return Poll::Ready(());
        }
        timer.as_mut().reset(deadline);
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Counted<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut this.io).poll_read(context, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        if !this.counter.read(came, Instant::now) {
            (this.flooded)();
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a flood of HTTP/2 frames")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Counted<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(context, bytes);
        this.written(context, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
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
        let polled = Pin::new(&mut this.io).poll_write_vectored(context, parts);
        this.written(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// How many rounds of frames a connection gets through, cut anyhow, within one moment.
    fn survives(round: &[Vec<u8>], rounds: usize, cut: usize) -> bool {
        let now = Instant::now();
        let mut counter = Counter::new(now);
        let mut bytes = vec![b'P'; PREFACE];
        (0..rounds).for_each(|_| round.iter().for_each(|frame| bytes.extend_from_slice(frame)));
        bytes.chunks(cut).all(|part| counter.read(part, || now))
    }

    #[test]
    fn floods_of_every_kind_of_frame_are_found_however_they_are_cut() {
        for cut in [1, 7, 9, 16_384] {
            assert!(!survives(&[frame(6, 0, &[0; 8])], 2000, cut), "PING");
            assert!(!survives(&[frame(4, 0, &[])], 2000, cut), "SETTINGS");
            assert!(!survives(&[frame(0, 0, &[])], 5000, cut), "empty DATA");
            assert!(!survives(&[frame(9, 0, &[])], 5000, cut), "CONTINUATION");
            assert!(!survives(&[frame(8, 0, &[0; 4])], 5000, cut), "WINDOW_UPDATE");
            assert!(!survives(&[frame(1, 5, b"head"), frame(3, 0, &[0; 4])], 1000, cut), "rapid reset");
        }
    }

    #[test]
    fn what_a_busy_browser_sends_is_no_flood() {
        let request = frame(1, 5, b"head");
        assert!(survives(std::slice::from_ref(&request), 100_000, 1000));
        // Half of a thousand parts of a page, given up.
        assert!(survives(&[request.clone(), request, frame(3, 0, &[0; 4])], 400, 1000));
        let upload = [frame(0, 0, &[1; 1000]), frame(6, 0, &[0; 8])];
        assert!(survives(&[upload[0].clone(), upload[0].clone(), upload[1].clone()], 100_000, 1000));
    }

    #[test]
    fn windows_are_opened_as_answers_are_taken() {
        let now = Instant::now();
        let mut counter = Counter::new(now);
        counter.read(&[b'P'; PREFACE], || now);
        for _ in 0..100_000 {
            counter.wrote(16_384);
            for _ in 0..4 {
                assert!(counter.read(&frame(8, 0, &[0; 4]), || now));
            }
        }
    }
}
