//! The sample's folder of files, with a secret beside it, and the keys that it lets slip.
//!
//! Everything is made when the sample starts and deleted when it ends; no key is ever written into the
//! source.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many files are taken from visitors.
const MOST_FILES: usize = 64;

/// A folder in the machine's place for temporary files, gone when dropped.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A new, empty folder that only this user may enter.
    pub(crate) fn make() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("portcullis-demo-{}", random_hex()?));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        // Compared later with what a request reaches, so without symbolic links.
        let path = path.canonicalize()?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell; the place is cleared by the system at the latest.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The folder and the keys.
pub(super) struct Vault {
    scratch: Scratch,
    files: PathBuf,
    /// What `secret/vault-code.txt` holds.
    pub(super) code: String,
    /// A private key in PEM, as a careless page shows it.
    pub(super) private_key: String,
    /// The same for a cloud: an access key and its secret.
    pub(super) cloud_key: (String, String),
}

impl Vault {
    pub(super) fn make() -> io::Result<Self> {
        let scratch = Scratch::make()?;
        let files = scratch.path().join("files");
        let secret = scratch.path().join("secret");
        fs::create_dir(&files)?;
        fs::create_dir(&secret)?;
        fs::write(files.join("opening-hours.txt"), "Monday to Friday, 9 to 17. Closed at spring tide.\n")?;
        let code = format!("vault code {}\n", random_hex()?);
        fs::write(secret.join("vault-code.txt"), &code)?;
        let private_key = rcgen::KeyPair::generate().map_err(io::Error::other)?.serialize_pem();
        let cloud_key = (
            format!("AKIA{}", random_text(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")?),
            random_text(40, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")?,
        );
        Ok(Self { scratch, files, code, private_key, cloud_key })
    }

    /// A file by its name. FLAW: the name may climb out of the folder (CWE-22).
    ///
    /// It may not climb out of the sample's own temporary folder: the flaw is real, but the machine of
    /// whoever tries the demo is not for display.
    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.files.join(name.trim_start_matches('/')).canonicalize().ok()?;
        if !path.starts_with(self.scratch.path()) {
            return None;
        }
        fs::read(path).ok()
    }

    /// Keeps a visitor's file under the last part of its name.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) -> io::Result<String> {
        let name: String = name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .take(64)
            .collect();
        let name = name.trim_start_matches('.');
        if name.is_empty() {
            return Err(io::Error::other("a file needs a name"));
        }
        if self.names()?.len() >= MOST_FILES {
            return Err(io::Error::other("the folder is full"));
        }
        fs::write(self.files.join(name), bytes)?;
        Ok(name.to_owned())
    }

    /// Where everything is.
    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(&self.files)?
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        names.sort();
        Ok(names)
    }
}

/// 128 random bits in hexadecimal digits.
pub(crate) fn random_hex() -> io::Result<String> {
    random_text(32, b"0123456789abcdef")
}

/// `length` characters of `digits`, whose number divides 256 so that each is as likely.
fn random_text(length: usize, digits: &[u8]) -> io::Result<String> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let digit = |byte: u8| digits.get(usize::from(byte) % digits.len().max(1)).copied().unwrap_or(b'0');
    Ok(bytes.into_iter().map(|byte| char::from(digit(byte))).collect())
}
