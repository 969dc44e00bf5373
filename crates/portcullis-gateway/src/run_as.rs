//! Dropping privileges: root is needed for ports below 1024, and for nothing after that.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, geteuid, setgid, setgroups, setuid};

/// Whom to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAs {
    /// The name of a user.
    pub user: String,
    /// The name of a group, instead of that user's own.
    pub group: Option<String>,
}

/// Why privileges were not dropped; then the gate does not stand.
#[derive(Debug, thiserror::Error)]
pub enum RunAsError {
    /// No such user.
    #[error("there is no user `{0}`")]
    NoUser(String),
    /// No such group.
    #[error("there is no group `{0}`")]
    NoGroup(String),
    /// The user is root.
    #[error("`{0}` is root: to run as root, leave `run.user` out")]
    Root(String),
    /// Somebody else than root asked for it.
    #[error("only root can become `{0}`: start as root, or as that user without `run.user`")]
    NotRoot(String),
    /// A file cannot be given to that user.
    #[error("`{}` cannot be given to the user: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The data directory is somebody else's, and in use.
    #[error(
        "the data directory `{}` is not `{user}`'s, and holds what somebody else has made: `chown -R {user} {}` gives it away",
        path.display(), path.display()
    )]
    Used {
        /// Which.
        path: PathBuf,
        /// Who would need it.
        user: String,
    },
    /// The system refuses.
    #[error("the system does not let the gate become `{user}`: {error}")]
    Refused {
        /// Whom.
        user: String,
        /// What it says.
        error: Errno,
    },
    /// Root could be had back, so nothing is dropped.
    #[error("root privileges could be taken back after they were dropped")]
    Kept,
}

impl RunAs {
    /// Becomes the user, for good. To be called before any thread is started. The data directory is made
    /// for that user where it is missing, and the socket files become theirs. Where this is that user
    /// already, nothing is done.
    ///
    /// # Errors
    /// When any of it fails.
    pub fn become_now(&self, data_dir: &Path, socket_files: &[PathBuf]) -> Result<(), RunAsError> {
        let (user, group) = self.find()?;
        if geteuid() == user {
            return Ok(());
        }
        if !geteuid().is_root() {
            return Err(RunAsError::NotRoot(self.user.clone()));
        }
        let failed = |path: &Path, error| RunAsError::File { path: path.to_owned(), error };
        if !data_dir.exists() {
            crate::record::DataDir::open(data_dir).map_err(|error| failed(data_dir, error))?;
        }
        let of = std::fs::metadata(data_dir).map_err(|error| failed(data_dir, error))?;
        let owner = of.uid();
        let empty = std::fs::read_dir(data_dir).is_ok_and(|mut list| list.next().is_none());
        let mut files: Vec<&Path> = socket_files.iter().map(PathBuf::as_path).collect();
        // One that has been used by root is not given away unasked: what is in it would stay root's.
        if owner == 0 && empty {
            files.push(data_dir);
        } else if !may_write(&of, user, group) {
            return Err(RunAsError::Used { path: data_dir.to_owned(), user: self.user.clone() });
        }
        for path in files {
            chown(path, Some(user.as_raw()), Some(group.as_raw())).map_err(|error| failed(path, error))?;
        }
        let refused = |error| RunAsError::Refused { user: self.user.clone(), error };
        // In this order: without root neither groups can be changed.
        setgroups(&[group]).map_err(refused)?;
        setgid(group).map_err(refused)?;
        setuid(user).map_err(refused)?;
        if setuid(Uid::from_raw(0)).is_ok() || geteuid() != user {
            return Err(RunAsError::Kept);
        }
        tracing::info!(user = %self.user, "privileges dropped");
        Ok(())
    }

    fn find(&self) -> Result<(Uid, Gid), RunAsError> {
        let no_user = || RunAsError::NoUser(self.user.clone());
        let user = User::from_name(&self.user).ok().flatten().ok_or_else(no_user)?;
        if user.uid.is_root() {
            return Err(RunAsError::Root(self.user.clone()));
        }
        let group = match &self.group {
            None => user.gid,
            Some(name) => {
                let found = Group::from_name(name).ok().flatten();
                found.ok_or_else(|| RunAsError::NoGroup(name.clone()))?.gid
            }
        };
        Ok((user.uid, group))
    }
}

/// Whether files can be made in a folder by that user of that group.
fn may_write(of: &Metadata, user: Uid, group: Gid) -> bool {
    let bits = if of.uid() == user.as_raw() {
        of.mode() >> 6
    } else if of.gid() == group.as_raw() {
        of.mode() >> 3
    } else {
        of.mode()
    };
    bits & 0o3 == 0o3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(user: &str, group: Option<&str>) -> String {
        let run_as = RunAs { user: user.to_owned(), group: group.map(str::to_owned) };
        run_as.find().unwrap_err().to_string()
    }

    #[test]
    fn whom_nobody_knows_nobody_becomes() {
        assert!(failure("no-such-user", None).contains("`no-such-user`"));
        assert!(failure("nobody", Some("no-such-group")).contains("`no-such-group`"));
        assert!(failure("root", None).contains("leave `run.user` out"));
    }
}
