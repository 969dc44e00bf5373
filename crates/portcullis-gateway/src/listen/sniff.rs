//! HTTP/1 or HTTP/2: the first bytes of a connection that TLS said nothing about.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What a client sends first when it knows that HTTP/2 is spoken (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Http1,
    Http2,
}

/// Reads until it is certain; what was read is read again from the result.
pub(crate) async fn sniff<IO: AsyncRead + Unpin>(mut io: IO) -> io::Result<(Spoken, Rewound<IO>)> {
    let mut read = BytesMut::with_capacity(512);
    loop {
        // Both go by what has come: neither may be longer than the other, or nothing is certain yet.
        let agrees = read.iter().zip(PREFACE).all(|(got, wanted)| got == wanted);
        let spoken = match (agrees, read.len() >= PREFACE.len()) {
            (true, true) => Some(Spoken::Http2),
            (false, _) => Some(Spoken::Http1),
            (true, false) => None,
        };
        if let Some(spoken) = spoken {
            return Ok((spoken, Rewound { read: read.freeze(), io }));
        }
        if io.read_buf(&mut read).await? == 0 {
            // Whoever reads on will see that the connection ended.
            return Ok((Spoken::Http1, Rewound { read: read.freeze(), io }));
        }
    }
}

pin_project_lite::pin_project! {
    /// A stream whose first bytes have been read, and are read again.
    pub(crate) struct Rewound<IO> {
        read: Bytes,
        #[pin]
        io: IO,
    }
}

impl<IO> Rewound<IO> {
    /// A stream of which nothing was read.
    pub(crate) fn fresh(io: IO) -> Self {
        Self { read: Bytes::new(), io }
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
        let (spoken, mut rest) = sniff(bytes).await.unwrap();
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
