//! The addresses of the relay and the server: Unix sockets in a private directory, or TCP on the loopback interface of
//! systems without Unix sockets. Transfers no data.

use std::error::Error;

#[cfg(not(unix))]
pub use self::loopback::{Address, Listener, Stream};
#[cfg(unix)]
pub(super) use self::private::{Address, Listener, Stream};

/// Explains why the server does not start. Its errors only name the failed operation, so a full disk is mentioned
/// first.
fn failure<'a>(text: &str, causes: impl Iterator<Item = &'a (dyn Error + 'static)>) -> String {
    let mut causes = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    match causes.find(|cause| super::error::is_disk_full(cause)) {
        Some(_) => format!("the disk is full: {text}"),
        None => text.to_owned(),
    }
}

#[cfg(unix)]
mod private {
    use std::io;
    use std::path::{Path, PathBuf};

    use pglite_oxide::{PgliteServer, PgliteServerBuilder};

    pub(crate) type Listener = std::os::unix::net::UnixListener;
    pub(crate) type Stream = std::os::unix::net::UnixStream;

    #[derive(Debug)]
    pub(crate) struct Address {
        dir: PathBuf,
        port: u16,
    }

    impl Address {
        /// The server's address.
        pub(crate) fn backend(dir: &Path) -> Self {
            Self { dir: dir.to_owned(), port: 1 }
        }

        /// Listens at the relay's address.
        pub(crate) fn listen(dir: &Path) -> io::Result<(Listener, Self)> {
            let address = Self { dir: dir.to_owned(), port: 5432 };
            Ok((Listener::bind(address.path())?, address))
        }

        fn path(&self) -> PathBuf {
            self.dir.join(format!(".s.PGSQL.{}", self.port))
        }

        pub(crate) fn connect(&self) -> io::Result<Stream> {
            Stream::connect(self.path())
        }

        pub(crate) fn host_and_port(&self) -> (String, u16) {
            (self.dir.display().to_string(), self.port)
        }

        pub(crate) fn serve(&self, builder: PgliteServerBuilder) -> Result<PgliteServer, String> {
            let server = builder.unix(self.path()).start();
            server.map_err(|error| super::failure(&format!("{error:#}"), error.chain()))
        }

        #[allow(clippy::unused_self, reason = "the TCP variant learns its port here; a path is known in advance")]
        pub(crate) fn bound(&mut self, _server: &PgliteServer) {}
    }
}

#[cfg(not(unix))]
mod loopback {
    use std::io;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;

    use pglite_oxide::{PgliteServer, PgliteServerBuilder};

    pub type Listener = std::net::TcpListener;
    pub type Stream = std::net::TcpStream;

    #[derive(Debug)]
    pub struct Address(SocketAddr);

    impl Address {
        /// The server's address, whose port is chosen when it starts.
        pub fn backend(_dir: &Path) -> Self {
            Self((Ipv4Addr::LOCALHOST, 0).into())
        }

        /// Listens at the relay's address.
        pub fn listen(_dir: &Path) -> io::Result<(Listener, Self)> {
            let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = listener.local_addr()?;
            Ok((listener, Self(address)))
        }

        pub fn connect(&self) -> io::Result<Stream> {
            let stream = Stream::connect(self.0)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }

        pub fn host_and_port(&self) -> (String, u16) {
            (self.0.ip().to_string(), self.0.port())
        }

        pub fn serve(&self, builder: PgliteServerBuilder) -> Result<PgliteServer, String> {
            let server = builder.tcp((Ipv4Addr::LOCALHOST, 0).into()).start();
            server.map_err(|error| super::failure(&format!("{error:#}"), error.chain()))
        }

        pub fn bound(&mut self, server: &PgliteServer) {
            if let Some(address) = server.tcp_addr() {
                self.0 = address;
            }
        }
    }
}
