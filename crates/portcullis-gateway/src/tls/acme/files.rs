//! What is kept of an authority in the data directory: `acme/AUTHORITY/`.
//!
//! ```text
//! account.json       the account, with its key
//! NAME.pem           the key and the certificate with its chain, replaced as a whole
//! NAME.json          when it is tried again, and why not before
//! ```

use std::fs;
use std::io;
use std::path::PathBuf;

use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::data_dir::{DataDir, write_private};
use crate::tls::certificates::CertificateFiles;

/// The folder of one authority.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// What must outlive a restart, so that a gate that is restarted over and over asks no more often than one
/// that runs. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    pub(super) failures: u32,
    pub(super) not_before: u64,
    pub(super) error: Option<String>,
    /// When the certificate that is there is to be renewed, and when that is to be asked again.
    pub(super) renew_at: Option<u64>,
    pub(super) ask_renewal_at: u64,
}

impl Folder {
    /// The folder for the authority at `directory`: staging and production never mix.
    pub(super) fn of(data: &DataDir, directory: &str) -> io::Result<Self> {
        data.folder("acme")?;
        let host = directory.split('/').nth(2).unwrap_or_default();
        let host: String =
            host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
        let digest = Sha256::digest(directory.as_bytes());
        let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        data.folder(&format!("acme/{host}-{short}")).map(Self)
    }

    pub(super) fn account(&self) -> Option<AccountCredentials> {
        serde_json::from_slice(&fs::read(self.0.join("account.json")).ok()?).ok()
    }

    pub(super) fn keep_account(&self, account: &AccountCredentials) -> io::Result<()> {
        let text = zeroize::Zeroizing::new(serde_json::to_vec(account)?);
        write_private(&self.0.join("account.json"), &text)
    }

    /// Where the certificate of `name` is, or will be.
    pub(super) fn certificate(&self, name: &str) -> CertificateFiles {
        let path = self.0.join(format!("{name}.pem"));
        CertificateFiles { chain: path.clone(), key: path }
    }

    /// Replaces key and certificate in one step: there is no moment at which they do not fit.
    pub(super) fn keep_certificate(&self, name: &str, key: &str, chain: &str) -> io::Result<()> {
        let text = zeroize::Zeroizing::new(format!("{}\n{}\n", key.trim_end(), chain.trim_end()));
        write_private(&self.certificate(name).chain, text.as_bytes())
    }

    pub(super) fn note(&self, name: &str) -> Note {
        let read = fs::read(self.0.join(format!("{name}.json"))).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    pub(super) fn keep_note(&self, name: &str, note: &Note) -> io::Result<()> {
        write_private(&self.0.join(format!("{name}.json")), &serde_json::to_vec(note)?)
    }
}
