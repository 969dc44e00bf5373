//! What passwords are hashed with and judged by, as `[identity.password]` says.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::policy::identity::Passwords;
use portcullis_identity::passwords::{
    BreachedFilter, Caps, Cost, FilterError, HashFailure, Hasher, Origin, Pepper, Peppers,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Why passwords cannot be hashed or judged.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// A file that the policy names cannot be read.
    #[error("`{}`: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file holds no pepper.
    #[error("`{}` does not hold 32 random bytes or more in base64, as `openssl rand -base64 32` makes them", .0.display())]
    Pepper(PathBuf),
    /// Two files hold the same pepper.
    #[error("two of the files in `identity.password.pepper_files` hold the same secret")]
    Twice,
    /// A file holds no filter.
    #[error("`{}`: {error}", path.display())]
    Filter {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: FilterError,
    },
    /// Argon2 does not take the cost.
    #[error(transparent)]
    Hash(#[from] HashFailure),
}

/// The hasher that the policy describes.
///
/// # Errors
/// When a file cannot be read or does not hold what it must.
pub fn hasher(passwords: &Passwords) -> Result<Hasher, HashingError> {
    let mut peppers = Vec::new();
    for path in &passwords.pepper_files {
        let text = Zeroizing::new(read(path)?);
        let key = std::str::from_utf8(&text).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
        let key = key.map(Zeroizing::new).filter(|key| key.len() >= 32);
        let key = key.ok_or(HashingError::Pepper(path.clone()))?;
        peppers.push(Pepper { name: name(&key), key });
    }
    let peppers = Peppers::new(peppers).map_err(|_| HashingError::Twice)?;
    let cost = Cost { memory_kib: passwords.memory, passes: passwords.passes, lanes: 1 };
    let mut origins = Vec::new();
    if let Some(file) = &passwords.flask_security_salt_file {
        let text = Zeroizing::new(read(file)?);
        let salt = String::from_utf8_lossy(&text).trim().to_owned();
        origins.push(Origin::FlaskSecurity { salt: Zeroizing::new(salt) });
    }
    Ok(Hasher::new(cost, peppers, Caps::default(), origins)?)
}

/// The filter of breached passwords that the policy names, if it names one.
///
/// # Errors
/// When the file cannot be read or is none.
pub fn breached_filter(passwords: &Passwords) -> Result<Option<BreachedFilter>, HashingError> {
    let Some(path) = passwords.breached_filter.clone() else { return Ok(None) };
    let filter = BreachedFilter::read(read(&path)?);
    filter.map(Some).map_err(|error| HashingError::Filter { path, error })
}

/// A pepper's name in the hashes: it follows from the secret, so that files may be moved.
fn name(key: &[u8]) -> String {
    let digest = Sha256::digest(key);
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, HashingError> {
    std::fs::read(path).map_err(|error| HashingError::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_identity::passwords::{Password, Verification};

    fn passwords(lines: &str, folder: &Path) -> Passwords {
        let text = format!("[identity.password]\n{lines}");
        let (policy, _) = portcullis::Policy::parse("test", &text).unwrap();
        crate::settings::located(policy.identity().unwrap(), folder).passwords
    }

    #[test]
    fn a_new_pepper_takes_over_and_the_old_one_still_verifies() {
        let folder = crate::testing::folder("peppers");
        for (file, byte) in [("old", 1), ("new", 2)] {
            std::fs::write(folder.join(file), format!("{}\n", STANDARD.encode([byte; 32]))).unwrap();
        }
        let password = Password::new("correct horse battery").unwrap();
        let old = hasher(&passwords("pepper_files = [\"old\"]", &folder)).unwrap().hash(&password).unwrap();
        std::fs::rename(folder.join("old"), folder.join("older")).unwrap();
        let rotated = hasher(&passwords("pepper_files = [\"new\", \"older\"]", &folder)).unwrap();
        let Ok(Verification::Match { upgrade: Some(new) }) = rotated.verify(&password, Some(&old)) else {
            panic!("not verified")
        };
        let alone = hasher(&passwords("pepper_files = [\"new\"]", &folder)).unwrap();
        assert!(matches!(alone.verify(&password, Some(&new)), Ok(Verification::Match { upgrade: None })));
        assert!(matches!(alone.verify(&password, Some(&old)), Ok(Verification::Mismatch)));
    }

    #[test]
    fn a_file_that_holds_no_pepper_or_no_filter_is_named() {
        let folder = crate::testing::folder("peppers");
        std::fs::write(folder.join("short"), "c2hvcnQ=").unwrap();
        let short = passwords("pepper_files = [\"short\"]\nbreached_filter = \"short\"", &folder);
        let error = hasher(&short).err().unwrap().to_string();
        assert!(error.contains("short` does not hold 32 random bytes or more"), "{error}");
        let error = breached_filter(&short).err().unwrap().to_string();
        assert!(error.contains("this is no filter"), "{error}");
        let none = passwords("pepper_files = [\"none\"]", &folder);
        assert!(hasher(&none).err().unwrap().to_string().contains("none`"));
    }
}
