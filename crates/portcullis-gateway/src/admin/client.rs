//! Asking a gate that stands, through the socket in its data directory.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longer than any order takes.
const PATIENCE: Duration = Duration::from_secs(100);

/// Sends one request. Returns the status and the body.
///
/// # Errors
/// When no gate answers there.
pub fn ask(data_dir: &Path, method: &str, target: &str) -> io::Result<(u16, String)> {
    let path = data_dir.join(super::SOCKET);
    let mut stream = UnixStream::connect(&path).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!(
                "no gate answers at `{}`: {error}; is it running, with this `--data-dir`?",
                path.display()
            ),
        )
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0, so that the answer ends with the connection.
    write!(stream, "{method} {target} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "the gate broke off");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    Ok((status, body.to_owned()))
}
