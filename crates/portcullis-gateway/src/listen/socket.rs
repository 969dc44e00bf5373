//! Listening sockets: as many for one address as there are threads.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, SockAddr, Socket as Raw, Type};

use super::Address;
use super::inherited::Inherited;

/// Connections that may wait to be accepted, for each socket.
const BACKLOG: i32 = 1024;

/// One listening socket.
#[derive(Debug)]
pub enum Socket {
    /// Of IP.
    Tcp(TcpListener),
    /// In the file system.
    Unix(UnixListener),
}

impl Socket {
    /// Where it listens; a socket without a name has none.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(socket) => socket.local_addr().map(Address::Tcp),
            Self::Unix(socket) => match socket.local_addr()?.as_pathname() {
                Some(path) => Ok(Address::Unix(path.to_owned())),
                None => Err(io::Error::new(io::ErrorKind::InvalidInput, "a listening socket has no name")),
            },
        }
    }

    /// The same socket once more.
    ///
    /// # Errors
    /// When no more files may be opened.
    pub fn again(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(socket) => socket.try_clone().map(Self::Tcp),
            Self::Unix(socket) => socket.try_clone().map(Self::Unix),
        }
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.set_nonblocking(true),
            Self::Unix(socket) => socket.set_nonblocking(true),
        }
    }
}

/// The sockets of one address: at least one for each thread.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// The address that was bound: the real port where 0 was asked for.
    pub(crate) address: Address,
    /// To be spread over the threads.
    pub(crate) listeners: Vec<Socket>,
    /// The file to remove at the end, where we made it.
    pub(crate) made: Option<PathBuf>,
    /// As it was asked for: port 0 where any would do.
    pub(crate) asked: Address,
    /// It was inherited under the name of its listener.
    pub(crate) named: bool,
}

/// How sockets are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<'a> {
    /// For how many threads.
    pub(crate) threads: usize,
    /// Who may connect to sockets in the file system: their mode.
    pub(crate) unix_mode: u32,
    /// Everything that is listened on, so that `0.0.0.0` and `::` may stand side by side.
    pub(crate) all: &'a [Address],
}

/// Binds `address` for each thread, unless its sockets were inherited.
pub(crate) fn bind(
    address: &Address,
    binding: Binding<'_>,
    inherited: &mut Inherited,
) -> io::Result<Sockets> {
    let explained = |error: io::Error| {
        io::Error::new(error.kind(), format!("`{address}` cannot be listened on: {error}"))
    };
    let there = inherited.at(address);
    if !there.is_empty() {
        let adopted = adopt(there, binding.threads).map_err(explained)?;
        return Ok(Sockets { asked: address.clone(), ..adopted });
    }
    let bound = match address {
        Address::Tcp(tcp) => bind_tcp(*tcp, binding),
        Address::Unix(path) => bind_unix(path, binding),
    };
    bound.map(|sockets| Sockets { asked: address.clone(), ..sockets }).map_err(explained)
}

/// Sockets that somebody else has bound: each is served, whatever the number of threads.
pub(crate) fn adopt(there: Vec<Socket>, threads: usize) -> io::Result<Sockets> {
    let mut listeners = there;
    let Some(first) = listeners.first() else { return Err(io::ErrorKind::NotFound.into()) };
    let address = first.address()?;
    let missing = threads.saturating_sub(listeners.len());
    let more = (0..missing).map(|_| first.again()).collect::<io::Result<Vec<_>>>()?;
    listeners.extend(more);
    for socket in &listeners {
        socket.set_nonblocking()?;
    }
    Ok(Sockets { asked: address.clone(), address, listeners, made: None, named: false })
}

fn bind_tcp(address: SocketAddr, binding: Binding<'_>) -> io::Result<Sockets> {
    let beside =
        |other: &Address| other.tcp().is_some_and(|other| other.is_ipv4() && other.port() == address.port());
    let only_v6 = address.is_ipv6() && binding.all.iter().any(beside);
    if address.port() != 0 {
        // With SO_REUSEPORT a second gate of the same user would quietly take half of the connections.
        drop(open(address, false, only_v6)?);
    }
    let first = open(address, true, only_v6).and_then(listening)?;
    let bound = first.local_addr()?;
    let mut listeners = vec![Socket::Tcp(first)];
    for _ in 1..binding.threads.max(1) {
        listeners.push(open(bound, true, only_v6).and_then(listening).map(Socket::Tcp)?);
    }
    let address = Address::Tcp(bound);
    Ok(Sockets { asked: address.clone(), address, listeners, made: None, named: false })
}

/// The UDP socket for HTTP/3 at `address`.
pub(crate) fn bind_datagrams(address: SocketAddr) -> io::Result<UdpSocket> {
    let open = || {
        let socket = Raw::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            // As TCP beside it: one for each family.
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(UdpSocket::from(socket))
    };
    open().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("`{address}` cannot be served by UDP, for HTTP/3: {error}"))
    })
}

fn open(address: SocketAddr, shared: bool, only_v6: bool) -> io::Result<Raw> {
    let socket = Raw::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port in TIME_WAIT after a restart is ours to take again.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listening(socket: Raw) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// One socket that all threads accept from; the kernel has no SO_REUSEPORT for these.
fn bind_unix(path: &Path, binding: Binding<'_>) -> io::Result<Sockets> {
    remove_stale(path)?;
    let socket = Raw::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Before it listens: nobody can connect while the mode is still what the umask left.
    fs::set_permissions(path, fs::Permissions::from_mode(binding.unix_mode))?;
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    let mut sockets = adopt(vec![Socket::Unix(socket.into())], binding.threads)?;
    sockets.made = Some(path.to_owned());
    Ok(sockets)
}

/// A socket that nobody listens on any more, left by a gate that was killed.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"))
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            _ => Err(io::ErrorKind::AddrInUse.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Binding<'static> = Binding { threads: 2, unix_mode: 0o660, all: &[] };

    fn tcp(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn port_zero_is_one_port_for_all_threads() {
        let sockets = bind(&tcp("127.0.0.1:0"), TWO, &mut Inherited::none()).unwrap();
        assert_ne!(sockets.address.tcp().unwrap().port(), 0);
        assert_eq!(sockets.listeners.len(), 2);
        for listener in &sockets.listeners {
            assert_eq!(listener.address().unwrap(), sockets.address);
        }
    }

    #[test]
    fn a_port_that_another_gate_holds_is_not_shared() {
        let first = bind(&tcp("127.0.0.1:0"), TWO, &mut Inherited::none()).unwrap();
        let error = bind(&first.address, TWO, &mut Inherited::none()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&first.address.to_string()));
    }

    #[test]
    fn all_of_ipv4_and_all_of_ipv6_stand_side_by_side() {
        let four = bind(&tcp("0.0.0.0:0"), TWO, &mut Inherited::none()).unwrap();
        let port = four.address.tcp().unwrap().port();
        let six = tcp(&format!("[::]:{port}"));
        let all = [four.address.clone(), six.clone()];
        bind(&six, Binding { all: &all, ..TWO }, &mut Inherited::none()).unwrap();
    }

    #[test]
    fn a_socket_of_a_killed_gate_is_taken_over_and_one_in_use_is_not() {
        let path = crate::testing::folder("unix").join("gate.sock");
        let address = Address::Unix(path.clone());
        drop(bind(&address, TWO, &mut Inherited::none()).unwrap());
        assert!(path.exists());
        let held = bind(&address, TWO, &mut Inherited::none()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(held.listeners.len(), 2);
        let error = bind(&address, TWO, &mut Inherited::none()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);

        let file = path.with_extension("txt");
        fs::write(&file, "kept").unwrap();
        assert!(bind(&Address::Unix(file.clone()), TWO, &mut Inherited::none()).is_err());
        assert_eq!(fs::read_to_string(file).unwrap(), "kept");
    }

    #[test]
    fn inherited_sockets_are_all_served() {
        let own = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(own.local_addr().unwrap());
        let three = (0..3).map(|_| Socket::Tcp(own.try_clone().unwrap())).collect();
        let mut inherited = Inherited::of(three);
        let sockets = bind(&address, TWO, &mut inherited).unwrap();
        assert_eq!((sockets.address, sockets.listeners.len()), (address, 3));
        assert_eq!(inherited.left(), Vec::<String>::new());
    }
}
