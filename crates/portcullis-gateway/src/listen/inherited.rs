//! Sockets that were bound before the gate began: by systemd (`sd_listen_fds(3)`), or by another gate.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use listenfd::ListenFd;

use super::{Address, Socket};

/// The listeners that a socket can be named for, by `FileDescriptorName=` in its unit.
pub const NAMES: [&str; 3] = ["https", "http", "dangerous_plain"];

/// The name of a UDP socket for HTTP/3, at an address where HTTPS is served.
pub const HTTP3: &str = "http3";

/// Listening sockets that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Inherited {
    streams: Vec<One>,
    datagrams: Vec<UdpSocket>,
}

#[derive(Debug)]
struct One {
    name: Option<String>,
    /// What the gate that handed it over was asked to listen on.
    asked: Option<Address>,
    socket: Socket,
}

impl Inherited {
    /// No socket.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sockets without names, which are known by their addresses.
    #[must_use]
    pub fn of(sockets: Vec<Socket>) -> Self {
        let streams = sockets.into_iter().map(|socket| One { name: None, asked: None, socket }).collect();
        Self { streams, datagrams: Vec::new() }
    }

    /// What `LISTEN_FDS` and `LISTEN_FDNAMES` tell. To be called once, before any thread is started:
    /// it takes the variables away, so that no child believes them.
    ///
    /// # Errors
    /// When a descriptor that was handed over is no listening stream socket, nor named `http3` and one of UDP.
    pub fn from_env() -> io::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let asked = std::env::var(crate::handover::ASKED).unwrap_or_default();
        let mut asked = asked.split(',');
        let mut handed = ListenFd::from_env();
        let (mut streams, mut datagrams) = (Vec::with_capacity(handed.len()), Vec::new());
        for index in 0..handed.len() {
            let name = names.next();
            let asked = asked.next().and_then(|text| text.parse().ok());
            if name == Some(HTTP3) {
                datagrams.extend(handed.take_udp_socket(index)?);
                continue;
            }
            // What is no socket of IP may be one in the file system.
            let socket = match handed.take_tcp_listener(index) {
                Ok(socket) => socket.map(Socket::Tcp),
                Err(_) => handed.take_unix_listener(index)?.map(Socket::Unix),
            };
            let name = name.filter(|name| NAMES.contains(name)).map(str::to_owned);
            streams.extend(socket.map(|socket| One { name, asked, socket }));
        }
        Ok(Self { streams, datagrams })
    }

    /// Takes those that were named for a listener.
    pub(crate) fn named(&mut self, name: &str) -> Vec<Socket> {
        self.take(|one| one.name.as_deref() == Some(name))
    }

    /// Takes those that listen on `address`.
    pub(crate) fn at(&mut self, address: &Address) -> Vec<Socket> {
        self.take(|one| {
            one.asked.as_ref() == Some(address) || one.socket.address().is_ok_and(|its| its == *address)
        })
    }

    /// Takes the UDP socket at `address`.
    pub(crate) fn datagrams_at(&mut self, address: SocketAddr) -> Option<UdpSocket> {
        let there = |socket: &UdpSocket| socket.local_addr().is_ok_and(|its| its == address);
        let position = self.datagrams.iter().position(there)?;
        Some(self.datagrams.swap_remove(position))
    }

    /// What nobody took, as addresses: served by nobody, its clients would wait for ever.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let told = |one: &One| one.socket.address().map_or("?".to_owned(), |address| address.to_string());
        // A gate that hands over does not know which of its doors the new one wants.
        self.streams.iter().filter(|one| one.asked.is_none()).map(told).collect()
    }

    fn take(&mut self, wanted: impl Fn(&One) -> bool) -> Vec<Socket> {
        let (taken, left) = std::mem::take(&mut self.streams).into_iter().partition(wanted);
        self.streams = left;
        let taken: Vec<One> = taken;
        taken.into_iter().map(|one| one.socket).collect()
    }
}
