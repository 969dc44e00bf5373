//! One of the two addresses of the site, and how requests get there.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// No answer of this little site takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a raw connection may be silent before it counts as done.
const SILENCE: Duration = Duration::from_secs(5);

/// An address of the site.
pub(super) struct Door {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// `localhost:8443`, as a browser writes it.
    pub(super) authority: String,
    /// Where the site listens.
    pub(super) address: SocketAddr,
    /// Where plain HTTP is answered, if only by a redirect.
    pub(super) plain: SocketAddr,
    /// Over TLS, trusting just the gate's development authority.
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
}

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Door {
    /// `https://localhost:8443`
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Sends one request on a connection of its own. Where no `Host` was set, it is the door's.
    pub(super) async fn send(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        self.exchange(self.connect().await?, request).await
    }

    /// The same in clear, where plain HTTP is answered.
    pub(super) async fn send_in_clear(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        self.exchange(Box::new(TcpStream::connect(self.plain).await?), request).await
    }

    /// Sends bytes as they are, and gives all that comes back until silence or the end. A connection
    /// that is broken off is an answer too.
    pub(super) async fn send_raw(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let (mut reading, mut writing) = tokio::io::split(self.connect().await?);
        let mut answer = Vec::new();
        let write = async {
            // Whoever refuses in the middle of a message stops reading it.
            let _ = writing.write_all(bytes).await;
            let _ = writing.flush().await;
            std::future::pending::<()>().await;
        };
        let read = async {
            let mut chunk = [0; 8192];
            while let Ok(Ok(got)) = tokio::time::timeout(SILENCE, reading.read(&mut chunk)).await {
                if got == 0 {
                    break;
                }
                answer.extend_from_slice(chunk.get(..got).unwrap_or_default());
            }
        };
        tokio::select! {
            () = read => {}
            () = write => {}
        }
        Ok(answer)
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let Some(config) = &self.tls else { return Ok(Box::new(stream)) };
        let name = self.authority.split(':').next().unwrap_or_default().to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        Ok(Box::new(TlsConnector::from(config.clone()).connect(name, stream).await?))
    }

    async fn exchange(
        &self,
        stream: Box<dyn Stream>,
        mut request: Request<Bytes>,
    ) -> io::Result<Response<Bytes>> {
        if !request.headers().contains_key(header::HOST) {
            let host = HeaderValue::from_str(&self.authority).map_err(io::Error::other)?;
            request.headers_mut().insert(header::HOST, host);
        }
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let driver = tokio::spawn(connection);
        let exchanged = tokio::time::timeout(PATIENCE, async {
            let response = sender.send_request(request.map(Full::new)).await.map_err(io::Error::other)?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            Ok(Response::from_parts(head, body))
        })
        .await;
        driver.abort();
        exchanged.map_err(io::Error::other)?
    }
}
