//! Combines the lists `host`, `hostaddr` and `port` into the servers to try, as libpq does. Resolves no names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use super::parameters::{Parameters, invalid};
use crate::store::error::Result;

/// libpq's default port.
pub(super) const DEFAULT_PORT: u16 = 5432;
/// libpq's default socket directories: Debian's, then PostgreSQL's own.
pub(super) const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The address of a server, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A host name to resolve, and to compare with the certificate.
    Name(String),
    /// `hostaddr`: an address, which may name an interface after `%`. The host name, if any, is only compared with the
    /// certificate.
    Address { name: Option<String>, address: String },
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    pub(super) port: u16,
    pub(super) password: Option<Vec<u8>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("endpoint", &self.endpoint).field("port", &self.port).finish_non_exhaustive()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Endpoint::Socket(directory) => write!(f, "[{}]", directory.display())?,
            Endpoint::Name(name)
            | Endpoint::Address { name: Some(name), .. }
            | Endpoint::Address { name: None, address: name } => {
                if name.contains(':') {
                    write!(f, "[{name}]")?;
                } else {
                    f.write_str(name)?;
                }
            }
        }
        if self.port == DEFAULT_PORT { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// Returns the servers of `host`, `hostaddr` and `port`, in order.
///
/// # Errors
/// The lists have different lengths, or an address or port is invalid.
pub(super) fn servers(parameters: &Parameters) -> Result<Vec<Server>> {
    let hosts = list(parameters.get("host"));
    let addresses = list(parameters.get("hostaddr"));
    let ports = list(parameters.get("port"));
    let count = hosts.len().max(addresses.len()).max(1);
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        let (hosts, addresses) = (hosts.len(), addresses.len());
        return Err(invalid(format!("could not match {hosts} host names to {addresses} hostaddr values")));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(invalid(format!("could not match {} port numbers to {count} hosts", ports.len())));
    }
    (0..count)
        .map(|at| {
            let port = port(ports.get(at).or(ports.first().filter(|_| ports.len() == 1)).copied().unwrap_or(""))?;
            let host = hosts.get(at).copied().filter(|host| !host.is_empty());
            let address = addresses.get(at).copied().filter(|address| !address.is_empty());
            Ok(Server { endpoint: endpoint(host, address, port)?, port, password: None })
        })
        .collect()
}

fn list(value: Option<&str>) -> Vec<&str> {
    value.map(|value| value.split(',').collect()).unwrap_or_default()
}

/// Parses a port. The error does not quote it, because an unescaped `/` in a URL's password makes part of the password
/// look like a port.
fn port(text: &str) -> Result<u16> {
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    match text.trim().parse() {
        Ok(0) | Err(_) => Err(invalid(
            "the port must be a number from 1 to 65535; if the URL contains a password, percent-encode its special characters",
        )),
        Ok(port) => Ok(port),
    }
}

fn endpoint(host: Option<&str>, address: Option<&str>, port: u16) -> Result<Endpoint> {
    if let Some(address) = address {
        if !is_address(address) {
            return Err(invalid(format!("hostaddr is not an IP address: \"{address}\"")));
        }
        return Ok(Endpoint::Address { name: host.map(str::to_owned), address: address.to_owned() });
    }
    Ok(match host {
        Some(host) if Path::new(host).is_absolute() || host.starts_with('@') => Endpoint::Socket(host.into()),
        Some(host) => Endpoint::Name(host.to_owned()),
        None => default_endpoint(port),
    })
}

/// Whether the text is an IP address. Link-local addresses need the interface too, as in `fe80::1%eth0`.
fn is_address(text: &str) -> bool {
    let scoped = text.split_once('%');
    numeric(text).is_some()
        || scoped.is_some_and(|(address, interface)| address.parse::<Ipv6Addr>().is_ok() && !interface.is_empty())
}

/// Parses an IP address. As in libpq, IPv4 addresses may have the forms of `inet_aton`: `127.1`, `0x7f000001` or
/// `0177.0.0.1`.
pub(super) fn numeric(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let parts: Vec<u32> = text.split('.').map(part).collect::<Option<_>>()?;
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    if first.iter().any(|part| *part > 255) {
        return None;
    }
    // The last part fills the remaining bytes.
    let bits = 32 - 8 * first.len();
    let high = first.iter().fold(0, |high, part| high << 8 | u64::from(*part)) << bits;
    let address = u32::try_from(high).ok().filter(|_| u64::from(*last) >> bits == 0)?;
    Some(Ipv4Addr::from_bits(address | last).into())
}

/// Parses a part of an IPv4 address: decimal, octal after `0`, or hexadecimal after `0x`.
fn part(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix('0') {
        Some(rest) if rest.starts_with(['x', 'X']) => (&rest[1..], 16),
        Some(rest) if !rest.is_empty() => (rest, 8),
        _ => (text, 10),
    };
    // It would accept a sign.
    digits.starts_with(|c: char| c.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// Without a host: the default directory that has a socket for this port, otherwise the first one that exists, because
/// local builds of `psql` differ in their default.
fn default_endpoint(port: u16) -> Endpoint {
    let directories = || SOCKET_DIRECTORIES.iter().map(Path::new).filter(|_| cfg!(unix));
    let socket = format!(".s.PGSQL.{port}");
    directories()
        .find(|directory| directory.join(&socket).exists())
        .or_else(|| directories().find(|directory| directory.is_dir()))
        .map_or_else(|| Endpoint::Name("localhost".to_owned()), |directory| Endpoint::Socket(directory.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_forms_that_libpq_reads() {
        for (text, address) in [
            ("10.0.0.7", Some("10.0.0.7")),
            ("::1", Some("::1")),
            ("127.1", Some("127.0.0.1")),
            ("10.1.258", Some("10.1.1.2")),
            ("2130706433", Some("127.0.0.1")),
            ("0x7f.0.0.01", Some("127.0.0.1")),
            ("0X7F000001", Some("127.0.0.1")),
            ("4294967295", Some("255.255.255.255")),
            ("4294967296", None),
            ("127.16777216", None),
            ("256.1", None),
            ("127.0.0.08", None),
            ("1.2.3.4.5", None),
            ("127.+1", None),
            ("127.", None),
            ("0x", None),
            ("db", None),
            ("", None),
        ] {
            assert_eq!(numeric(text), address.map(|address| address.parse().expect("an address")), "{text}");
        }
    }
}
