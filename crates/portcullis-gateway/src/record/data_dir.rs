//! The one directory where state lives.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The data directory: readable by its owner only.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Opens or makes it.
    ///
    /// # Errors
    /// When it cannot be made, or others may write into it: they could plant a key or a certificate.
    pub fn open(path: &Path) -> io::Result<Self> {
        make_private(path)?;
        let mode = fs::metadata(path)?.permissions().mode();
        if mode & 0o022 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "others may write into `{}` (mode {:o}); run `chmod 700` on it",
                    path.display(),
                    mode & 0o777
                ),
            ));
        }
        Ok(Self(path.to_owned()))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// What is learned of a content security policy.
    #[must_use]
    pub fn lessons(&self) -> PathBuf {
        Self::lessons_in(&self.0)
    }

    /// The same, for commands that read a directory without opening it.
    #[must_use]
    pub fn lessons_in(directory: &Path) -> PathBuf {
        directory.join("csp.json")
    }

    /// Keeps other gates out. Two of them would write over each other's events, and each renew the
    /// certificates that the other serves.
    ///
    /// # Errors
    /// When another gate holds it.
    pub fn lock(&self) -> io::Result<Lock> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.0.join("gate.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another gate uses it; each needs its own, by `--data-dir`",
            )),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// A folder in it, made when missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        make_private(&path)?;
        Ok(path)
    }
}

/// Held by the one gate that writes here; given up when it is dropped, or its process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// The locked file: a process that inherits its descriptor holds the same lock.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// A lock that another gate has handed over with its file.
    #[must_use]
    pub fn inherited(file: File) -> Self {
        Self { file }
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file that only its owner may read, whole or not at all: beside it first, then renamed.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = create_private(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    match written.and_then(|()| fs::rename(&beside, path)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(&beside);
            Err(error)
        }
    }
}

/// Replaces a file of the operator's, whole or not at all, with the rights that it has.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let rights = fs::metadata(path).map(|it| it.permissions()).ok();
    write_private(path, bytes)?;
    rights.map_or(Ok(()), |rights| fs::set_permissions(path, rights))
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
