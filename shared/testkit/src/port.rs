//! Ports of loopback that stay ours while nobody listens.

use std::{io, net::Ipv4Addr};

use tokio::net::TcpSocket;

/// A socket on `port`, or on a free one for 0. Several may be bound to one port as long as one at most listens: the others keep
/// the port ours.
pub(crate) fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}
