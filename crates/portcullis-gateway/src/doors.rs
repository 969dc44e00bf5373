//! Which doors are open: every listening socket, with what it is for.
//!
//! A descriptor of each is kept here beside those of the threads, so that a door can change what it is for, or
//! be handed to another process, without anybody being turned away.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use portcullis::Listener;

use crate::listen::{Address, Door, Socket, Sockets};
use crate::tls::Secure;

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Https,
    Http,
    DangerousPlain,
}

impl Role {
    /// As in the policy, and as sockets are named for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::DangerousPlain => "dangerous_plain",
        }
    }

    fn listener(self, https_port: u16) -> Listener {
        match self {
            Self::Https => Listener::Https,
            Self::Http => Listener::Redirect { https_port },
            Self::DangerousPlain => Listener::DangerousPlain,
        }
    }
}

/// Every door.
pub(crate) struct Doors {
    open: Vec<Open>,
    next: u64,
}

/// One address.
struct Open {
    role: Role,
    sockets: Sockets,
    /// What the threads were told, and the numbers by which each can be closed; nothing while they were not.
    told: Option<(Listener, Vec<u64>)>,
}

/// What a change of the addresses comes to.
pub(crate) struct Plan {
    wanted: Vec<(Role, Address)>,
    /// Those that must be bound.
    pub(crate) missing: Vec<(Role, Address)>,
}

type Addresses = (Vec<SocketAddr>, Vec<SocketAddr>, Vec<SocketAddr>, Vec<PathBuf>);

impl Doors {
    pub(crate) fn new() -> Self {
        Self { open: Vec::new(), next: 0 }
    }

    pub(crate) fn add(&mut self, role: Role, sockets: Sockets) -> io::Result<()> {
        if sockets.listeners.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.open.push(Open { role, sockets, told: None });
        Ok(())
    }

    /// The port that plain HTTP redirects to.
    pub(crate) fn https_port(&self) -> u16 {
        let tcp = |open: &Open| open.sockets.address.tcp().map(|address| address.port());
        self.open.iter().filter(|open| open.role == Role::Https).find_map(tcp).unwrap_or(443)
    }

    /// Doors for threads, by the number of the thread.
    pub(crate) fn take_unopened(
        &mut self,
        threads: usize,
        https_port: u16,
        tls: Option<&Arc<Secure>>,
    ) -> io::Result<Vec<(usize, Door)>> {
        let mut doors = Vec::new();
        for open in self.open.iter_mut().filter(|open| open.told.is_none()) {
            let listener = open.role.listener(https_port);
            let tls = tls.filter(|_| open.role == Role::Https);
            let mut numbers = Vec::new();
            for (position, socket) in open.sockets.listeners.iter().enumerate() {
                self.next = self.next.saturating_add(1);
                numbers.push(self.next);
                let door = Door { number: self.next, socket: socket.again()?, listener, tls: tls.cloned() };
                doors.push((position.checked_rem(threads).unwrap_or(0), door));
            }
            open.told = Some((listener, numbers));
        }
        Ok(doors)
    }

    /// What has to be bound for the addresses wanted.
    pub(crate) fn plan(&self, wanted: Vec<(Role, Address)>) -> Plan {
        let named = |role: Role| self.open.iter().any(|open| open.role == role && open.sockets.named);
        let there = |address: &Address| self.open.iter().any(|open| open.is_at(address));
        let missing =
            wanted.iter().filter(|(role, address)| !named(*role) && !there(address)).cloned().collect();
        Plan { wanted, missing }
    }

    /// Brings the doors in line with a plan, with what was bound for it. Returns the numbers of doors that
    /// must be closed.
    pub(crate) fn follow(&mut self, plan: &Plan, bound: Vec<(Role, Sockets)>) -> Vec<u64> {
        self.open.extend(bound.into_iter().map(|(role, sockets)| Open { role, sockets, told: None }));
        let wanted =
            |open: &Open| plan.wanted.iter().find(|(_, address)| open.is_at(address)).map(|(role, _)| *role);
        let mut closing = Vec::new();
        let mut kept = Vec::new();
        for mut open in std::mem::take(&mut self.open) {
            let role = if open.sockets.named { Some(open.role) } else { wanted(&open) };
            if let Some(role) = role {
                open.role = role;
                kept.push(open);
            } else {
                closing.extend(open.told.take().into_iter().flat_map(|(_, numbers)| numbers));
                if let Some(path) = open.sockets.made.take() {
                    let _ = std::fs::remove_file(path);
                }
            }
        }
        self.open = kept;
        // A redirect to a port that moved, or a door that is for something else now, is opened anew on the
        // same socket.
        let port = self.https_port();
        for open in &mut self.open {
            if let Some((_, numbers)) =
                open.told.take_if(|(listener, _)| *listener != open.role.listener(port))
            {
                closing.extend(numbers);
            }
        }
        closing
    }

    /// Where HTTPS is served, where plain HTTP redirects, where it serves, and the socket files.
    pub(crate) fn addresses(&self) -> Addresses {
        let of = |role| {
            let open = self.open.iter().filter(move |open| open.role == role);
            open.filter_map(|open| open.sockets.address.tcp()).collect::<Vec<_>>()
        };
        let unix = self.open.iter().filter_map(|open| open.sockets.address.unix()).collect();
        (of(Role::Https), of(Role::Http), of(Role::DangerousPlain), unix)
    }

    /// Socket files that the caller now has to remove.
    pub(crate) fn take_made(&mut self) -> Vec<PathBuf> {
        self.open.iter_mut().filter_map(|open| open.sockets.made.take()).collect()
    }

    /// Every socket, with the name of its listener where it was inherited under it, and the address that was
    /// asked for.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = (&Socket, Option<&'static str>, &Address)> {
        self.open.iter().flat_map(|open| {
            let name = open.sockets.named.then(|| open.role.name());
            open.sockets.listeners.iter().map(move |socket| (socket, name, &open.sockets.asked))
        })
    }
}

impl Open {
    fn is_at(&self, address: &Address) -> bool {
        self.sockets.asked == *address || self.sockets.address == *address
    }
}
