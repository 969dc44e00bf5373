//! The gate's own secret: made at first start, or given by the environment.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portcullis::keys::Keyring;
use zeroize::Zeroizing;

use super::data_dir::{DataDir, write_private};

/// The environment variable that holds the key where no file may.
pub const VARIABLE: &str = "PORTCULLIS_KEY";
/// The environment variable that names a file with the key, as secret stores mount them.
pub const FILE_VARIABLE: &str = "PORTCULLIS_KEY_FILE";

/// Why there are no keys. Never shows any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file `{}`: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others may read the file.
    #[error("others may read the key file `{}`; run `chmod 600` on it", .0.display())]
    Exposed(PathBuf),
    /// It holds something else than keys.
    #[error("{place}, line {line}: a key is 64 hexadecimal digits (32 random bytes)")]
    Malformed {
        /// The file or the variable.
        place: String,
        /// The line, from 1.
        line: usize,
    },
    /// It holds nothing.
    #[error("{0} holds no key")]
    Empty(String),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    NoRandomness,
}

/// Takes the keys from the environment or the file it names, else from `keys/gate.key`, which is made when missing.
///
/// One key a line, the newest first; older ones are still accepted for what they signed. To rotate, put
/// a new line on top.
///
/// # Errors
/// When there is no usable key.
pub fn load(data: &DataDir) -> Result<Keyring, KeyError> {
    if let Some(value) = std::env::var_os(VARIABLE) {
        let value = Zeroizing::new(value.to_string_lossy().into_owned());
        return parse(&value.replace([',', ';'], "\n"), &format!("the environment variable `{VARIABLE}`"));
    }
    if let Some(path) = std::env::var_os(FILE_VARIABLE).map(PathBuf::from) {
        let text = fs::read_to_string(&path).map(Zeroizing::new);
        let text = text.map_err(|error| KeyError::File { path: path.clone(), error })?;
        return parse(&text, &format!("the key file `{}`", path.display()));
    }
    let path = data
        .folder("keys")
        .map_err(|error| KeyError::File { path: data.path().join("keys"), error })?
        .join("gate.key");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let mode = fs::metadata(&path).map_or(0, |found| found.permissions().mode());
            if mode & 0o077 != 0 {
                return Err(KeyError::Exposed(path));
            }
            parse(&text, &format!("the key file `{}`", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(KeyError::File { path, error }),
    }
}

fn make(path: &Path) -> Result<Keyring, KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut()).map_err(|_| KeyError::NoRandomness)?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    write_private(path, text.as_bytes()).map_err(|error| KeyError::File { path: path.to_owned(), error })?;
    Ok(Keyring::new(*key, Vec::new()))
}

fn parse(text: &str, place: &str) -> Result<Keyring, KeyError> {
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = unhex(line)
            .ok_or_else(|| KeyError::Malformed { place: place.to_owned(), line: index.saturating_add(1) })?;
        keys.push(key);
    }
    let mut keys = keys.into_iter();
    match keys.next() {
        Some(newest) => Ok(Keyring::new(newest, keys.collect())),
        None => Err(KeyError::Empty(place.to_owned())),
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = crate::testing::folder("keys");
        let data = DataDir::open(&folder).unwrap();
        let made = load(&data).unwrap();
        let read = load(&data).unwrap();
        assert_eq!(*made.newest("x"), *read.newest("x"));
        let mode = fs::metadata(folder.join("keys/gate.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_second_line_is_an_older_key() {
        let two = format!("{}\n# kept until next week\n{}\n", "ab".repeat(32), "01".repeat(32));
        let keys = parse(&two, "test").unwrap();
        assert_eq!(keys.all("x").count(), 2);
        assert_eq!(*keys.newest("x"), *Keyring::new([0xab; 32], Vec::new()).newest("x"));
    }

    #[test]
    fn an_error_never_shows_what_it_read() {
        let secret = "f00dfeed";
        let Err(error) = parse(secret, "the key file `x`") else { panic!("accepted") };
        assert!(!error.to_string().contains(secret));
        assert!(error.to_string().contains("line 1"));
    }

    #[test]
    fn a_key_that_others_may_read_is_not_used() {
        let folder = crate::testing::folder("exposed");
        let data = DataDir::open(&folder).unwrap();
        let _ = load(&data).unwrap();
        let path = folder.join("keys/gate.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load(&data), Err(KeyError::Exposed(_))));
    }
}
