//! A new program takes over from one that serves, and nobody is turned away.
//!
//! ```text
//! old: spawns the new one with every listening socket ─┐
//! new: checks the policy, takes the sockets            ├─ both accept from the same sockets
//! new: "checked"  ─▶ old: leaves the log, the lock and the admin socket ─▶ "go"
//! new: opens them, serves, "ready" ─▶ old: accepts no more, lets its requests end, goes
//! ```
//!
//! HTTP/3 begins in the new program when the old one has ended: a packet finds its connection only in the process that
//! made it, and both read from one socket. Browsers come by TCP meanwhile.
//!
//! The sockets are never closed in between, so that no connection that the kernel has taken is lost. When the
//! new program fails at any step the old one takes back what it left and goes on.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};

use crate::Running;
use crate::listen::Socket;
use crate::listen::inherited::HTTP3;
use crate::record::Notice;

/// Names the socket over which the two talk.
pub(crate) const VARIABLE: &str = "PORTCULLIS_HANDOVER";
/// The addresses that were asked for, one for each inherited socket.
pub(crate) const ASKED: &str = "PORTCULLIS_HANDOVER_ASKED";

/// The first descriptor that is handed over (`sd_listen_fds(3)`).
const FIRST: i32 = 3;
/// How long the new program may take for each step.
const PATIENCE: Duration = Duration::from_secs(30);

/// The new program's side.
#[derive(Debug)]
pub struct Taking {
    stream: UnixStream,
}

impl Taking {
    /// Where this process was started to take over.
    ///
    /// # Errors
    /// When the old program is not there any more.
    pub fn from_env() -> io::Result<Option<Self>> {
        let Some(path) = std::env::var_os(VARIABLE) else { return Ok(None) };
        match UnixStream::connect(PathBuf::from(path)) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                Ok(Some(Self { stream }))
            }
            // The variable of a hand-over long past, in the environment of a process that was started later.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything that can be checked was; waits until the old program has left what only one can hold.
    ///
    /// # Errors
    /// When the old program changed its mind.
    pub fn checked(&self) -> io::Result<()> {
        (&self.stream).write_all(b"checked\n")?;
        match read_word(&self.stream)?.as_str() {
            "go" => Ok(()),
            _ => Err(io::Error::other("the old program did not make room")),
        }
    }

    /// This program serves.
    ///
    /// # Errors
    /// When the old program does not hear it.
    pub fn ready(&self) -> io::Result<()> {
        (&self.stream).write_all(b"ready\n")
    }

    /// Waits until the old program has ended, for `patience` at the most.
    pub(crate) fn outlives(self, patience: Duration) {
        // It says nothing more: this ends with its end of the line, or with the time.
        let _ = self.stream.set_read_timeout(Some(patience));
        let _ = read_word(&self.stream);
    }
}

impl Running {
    /// Starts `program` with `arguments` and hands everything over to it. Afterwards this gate has only to be
    /// shut down; after an error it serves on as if nothing had been.
    ///
    /// # Errors
    /// When the new program does not stand.
    pub fn hand_over(&mut self, program: &Path, arguments: &[std::ffi::OsString]) -> io::Result<u32> {
        let path = self.data.path().join("handover.sock");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        let done = self.try_hand_over(&listener, &path, program, arguments);
        let _ = std::fs::remove_file(&path);
        if let Err(error) = &done {
            let sentence = format!("the new program did not take over, the old one goes on: {error}");
            self.log.notice(Notice::warn("portcullis.upgrade_failed", &sentence));
        }
        done
    }

    fn try_hand_over(
        &mut self,
        listener: &UnixListener,
        path: &Path,
        program: &Path,
        arguments: &[std::ffi::OsString],
    ) -> io::Result<u32> {
        let mut child = Running::spawn_successor(self, path, program, arguments)?;
        let outcome = self.converse(listener, &mut child);
        if outcome.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        outcome.map(|()| child.id())
    }

    fn spawn_successor(
        &self,
        path: &Path,
        program: &Path,
        arguments: &[std::ffi::OsString],
    ) -> io::Result<Child> {
        let mut mappings = Vec::new();
        let (mut names, mut asked) = (Vec::new(), Vec::new());
        let mut number = FIRST;
        for (socket, name, address) in self.doors.sockets() {
            let fd: OwnedFd = match socket {
                Socket::Tcp(socket) => socket.as_fd().try_clone_to_owned()?,
                Socket::Unix(socket) => socket.as_fd().try_clone_to_owned()?,
            };
            mappings.push(FdMapping { parent_fd: fd, child_fd: number });
            names.push(name.unwrap_or_default());
            asked.push(address.to_string());
            number = number.saturating_add(1);
        }
        for (socket, address) in &self.datagrams {
            mappings.push(FdMapping { parent_fd: socket.as_fd().try_clone_to_owned()?, child_fd: number });
            names.push(HTTP3);
            asked.push(address.to_string());
            number = number.saturating_add(1);
        }
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("LISTEN_FDS", mappings.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            .env_remove("LISTEN_PID")
            .env(ASKED, asked.join(","))
            .env(VARIABLE, path);
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        command.spawn()
    }

    fn converse(&mut self, listener: &UnixListener, child: &mut Child) -> io::Result<()> {
        let stream = accept(listener, child)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        expect(&stream, "checked", child)?;
        self.step_aside()?;
        let told = (&stream).write_all(b"go\n").and_then(|()| expect(&stream, "ready", child));
        if let Err(error) = told {
            let _ = child.kill();
            let _ = child.wait();
            self.step_back()?;
            return Err(error);
        }
        self.successor = Some(stream);
        Ok(())
    }
}

/// Waits for the new program, or its end.
fn accept(listener: &UnixListener, child: &mut Child) -> io::Result<UnixStream> {
    listener.set_nonblocking(true)?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!(
                "it ended at once, with {status}: what it said stands in its own output"
            )));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "it did not report within 30 s"))
}

fn expect(stream: &UnixStream, wanted: &str, child: &mut Child) -> io::Result<()> {
    let word = read_word(stream)?;
    if word == wanted {
        return Ok(());
    }
    // It has closed the connection: it has ended, or is about to.
    std::thread::sleep(Duration::from_millis(100));
    let status = child.try_wait()?.map_or_else(String::new, |status| format!(", with {status}"));
    Err(io::Error::other(format!("it ended before it served{status}: what it said stands in its own output")))
}

/// One line; empty when the other side is gone.
fn read_word(stream: &UnixStream) -> io::Result<String> {
    let mut word = String::new();
    BufReader::new(stream).read_line(&mut word)?;
    Ok(word.trim_end().to_owned())
}
