//! Harbour Bank: a little site that looks like a real one, with honest flaws.
//!
//! Every flaw is real, and marked `FLAW` where it is made: the exploit works on the bare app, and the
//! tests of this module do it. What the app has wrong:
//!
//! | flaw | where |
//! | --- | --- |
//! | SQL injection, also past the sign-in (CWE-89) | `/search?q=`, `/report?id=`, `/login` |
//! | reflected XSS (CWE-79) | `/search?q=` |
//! | stored XSS (CWE-79) | `/guestbook` |
//! | forms without a token, sign-in included (CWE-352) | `/transfer`, `/login`, … |
//! | path traversal by encoded dots (CWE-22) | `/files/%2e%2e/secret/vault-code.txt` |
//! | open redirect (CWE-601) | `/go?next=` |
//! | stack traces and SQL errors shown (CWE-209) | `/report?id=x` |
//! | a private key and a cloud key shown (CWE-522) | `/debug/settings` |
//! | session cookie without attributes (CWE-614, CWE-1004) | `/login` |
//! | believes `X-Forwarded-For` (CWE-348) | `/staff` |
//! | writes links with any `Host` (CWE-640) | `/forgot` |
//! | believes `Transfer-Encoding` over `Content-Length` (CWE-444) | its server |
//! | no limit of depth, in quadratic time (CWE-407) | `/api/quote` |
//! | no security headers, banners (CWE-693, CWE-497) | everywhere |
//!
//! It listens on the loopback interface only, keeps everything in memory and in a temporary folder of
//! its own, makes its keys when it starts, and its traversal cannot leave that folder: nobody who tries
//! the demo is exposed by it.

mod ledger;
mod multipart;
mod pages;
mod server;
mod site;
mod vault;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) use vault::{Scratch, random_hex};

use ledger::Ledger;
use site::Site;
use vault::Vault;

/// The sample app, running until dropped.
///
/// Through it the demo looks behind the counter: an attack is judged by what it did, not by a status.
pub(super) struct Sample {
    address: SocketAddr,
    site: Arc<Site>,
    server: JoinHandle<()>,
}

impl Sample {
    /// Starts it at `address`.
    ///
    /// # Errors
    /// Any address but a loopback one is refused: the app is vulnerable by design.
    pub(super) async fn start(address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let told = format!("the sample app is vulnerable by design and does not listen on `{address}`");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
        let site = Arc::new(Site {
            ledger: Ledger::open().map_err(io::Error::other)?,
            vault: Vault::make()?,
            staff_note: format!("Night watchman's word: {}", random_hex()?),
        });
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(server::serve(listener, site.clone()));
        Ok(Self { address, site, server })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What somebody has, in cents.
    pub(super) fn balance(&self, name: &str) -> io::Result<i64> {
        self.site.ledger.balance(name).map_err(io::Error::other)
    }

    /// What the guest book says, newest first.
    pub(super) fn guestbook(&self) -> io::Result<Vec<String>> {
        let entries = self.site.ledger.guestbook().map_err(io::Error::other)?;
        Ok(entries.into_iter().map(|(_, words)| words).collect())
    }

    /// The last mail to somebody.
    pub(super) fn last_mail(&self, name: &str) -> io::Result<Option<String>> {
        let mails = self.site.ledger.outbox().map_err(io::Error::other)?;
        Ok(mails.into_iter().rev().find(|(to, _)| to == name).map(|(_, body)| body))
    }

    /// What the secret file holds.
    pub(super) fn vault_code(&self) -> &str {
        self.site.vault.code.trim_end()
    }

    /// What only the staff should read.
    pub(super) fn staff_note(&self) -> &str {
        &self.site.staff_note
    }

    /// A line of the private key.
    pub(super) fn private_key_line(&self) -> &str {
        self.site.vault.private_key.lines().nth(1).unwrap_or(&self.site.vault.private_key)
    }

    /// The secret half of the cloud key.
    pub(super) fn cloud_secret(&self) -> &str {
        &self.site.vault.cloud_key.1
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests;
