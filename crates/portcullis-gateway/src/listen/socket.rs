//! Listening sockets: as many for one address as there are threads.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted, for each socket.
const BACKLOG: i32 = 1024;

/// The sockets of one address, one for each thread.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// The address that was bound: the real port where 0 was asked for.
    pub(crate) address: SocketAddr,
    /// One for each thread.
    pub(crate) listeners: Vec<TcpListener>,
}

/// Binds `address` once for each of `threads`.
pub(crate) fn bind(address: SocketAddr, threads: usize) -> io::Result<Sockets> {
    let explained = |error: io::Error| {
        io::Error::new(error.kind(), format!("`{address}` cannot be listened on: {error}"))
    };
    if address.port() != 0 {
        // With SO_REUSEPORT a second gate of the same user would quietly take half of the connections.
        drop(open(address, false).map_err(explained)?);
    }
    let first = open(address, true).and_then(listening).map_err(explained)?;
    let bound = first.local_addr().map_err(explained)?;
    let mut listeners = vec![first];
    for _ in 1..threads.max(1) {
        listeners.push(open(bound, true).and_then(listening).map_err(explained)?);
    }
    Ok(Sockets { address: bound, listeners })
}

fn open(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port in TIME_WAIT after a restart is ours to take again.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listening(socket: Socket) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_zero_is_one_port_for_all_threads() {
        let sockets = bind("127.0.0.1:0".parse().unwrap(), 3).unwrap();
        assert_ne!(sockets.address.port(), 0);
        for listener in &sockets.listeners {
            assert_eq!(listener.local_addr().unwrap(), sockets.address);
        }
        assert_eq!(sockets.listeners.len(), 3);
    }

    #[test]
    fn a_port_that_another_gate_holds_is_not_shared() {
        let first = bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let error = bind(first.address, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&first.address.to_string()));
    }
}
