//! HTTP/1 or HTTP/2: the first bytes of a connection that TLS said nothing about.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What a client sends first when it knows that HTTP/2 is spoken (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Http1,
    Http2,
}

/// Reads until it is certain; nothing is consumed.
pub(crate) async fn sniff<IO: AsyncRead + Unpin>(stream: &mut Rewound<IO>) -> io::Result<Spoken> {
    loop {
        // Both go by what has come: neither may be longer than the other, or nothing is certain yet.
        let agrees = stream.read.iter().zip(PREFACE).all(|(got, wanted)| got == wanted);
        let spoken = match (agrees, stream.read.len() >= PREFACE.len()) {
            (true, true) => Some(Spoken::Http2),
            (false, _) => Some(Spoken::Http1),
            (true, false) => None,
        };
        if let Some(spoken) = spoken {
            return Ok(spoken);
        }
        if stream.look().await? == 0 {
            // Whoever reads on will see that the connection ended.
            return Ok(Spoken::Http1);
        }
    }
}

/// How much is read at once while looking.
const LOOK: usize = 512;

pin_project_lite::pin_project! {
    /// A stream whose first bytes can be looked at before they are read.
    pub(crate) struct Rewound<IO> {
        read: BytesMut,
        #[pin]
        io: IO,
    }
}

impl<IO> Rewound<IO> {
    /// A stream of which nothing was read.
    pub(crate) fn fresh(io: IO) -> Self {
        Self { read: BytesMut::new(), io }
    }

    /// What was looked at and not yet read.
    pub(crate) fn seen(&self) -> &[u8] {
        &self.read
    }

    /// Drops the first `length` bytes of what was looked at.
    pub(crate) fn consume(&mut self, length: usize) {
        self.read.advance(length.min(self.read.len()));
    }

    /// What it reads from.
    pub(crate) fn get_ref(&self) -> &IO {
        &self.io
    }
}

impl<IO: AsyncRead + Unpin> Rewound<IO> {
    /// Waits for more to look at; 0 at the end.
    pub(crate) async fn look(&mut self) -> io::Result<usize> {
        self.read.reserve(LOOK);
        self.io.read_buf(&mut self.read).await
    }
}

impl<IO: AsyncRead> AsyncRead for Rewound<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        if this.read.is_empty() {
            return this.io.poll_read(context, buffer);
        }
        let length = this.read.len().min(buffer.remaining());
        let part = this.read.split_to(length);
        buffer.put_slice(part.chunk());
        if this.read.is_empty() {
            // Looked at once, and never again: no memory for the rest of the connection.
            *this.read = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite> AsyncWrite for Rewound<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().io.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write_vectored(context, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sniffed(bytes: &'static [u8]) -> (Spoken, Vec<u8>) {
        let mut rest = Rewound::fresh(bytes);
        let spoken = sniff(&mut rest).await.unwrap();
        let mut all = Vec::new();
        rest.read_to_end(&mut all).await.unwrap();
        (spoken, all)
    }

    #[tokio::test]
    async fn nothing_is_lost_by_looking() {
        let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(sniffed(get).await, (Spoken::Http1, get.to_vec()));
        let two = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes";
        assert_eq!(sniffed(two).await, (Spoken::Http2, two.to_vec()));
    }

    #[tokio::test]
    async fn half_a_preface_is_not_http_2() {
        assert_eq!(sniffed(b"PRI * HTTP/2.0\r\n").await.0, Spoken::Http1);
        assert_eq!(sniffed(b"PRINT / HTTP/1.1\r\n\r\n").await.0, Spoken::Http1);
    }
}
