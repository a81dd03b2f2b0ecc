//! Ports of loopback that stay ours while nobody listens.

use std::{io, net::Ipv4Addr};

use tokio::net::TcpSocket;

/// A socket on `port`, or on a free one for 0. Several may be bound to one port as long as one at most listens: the others keep
/// the port ours.
pub(crate) fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // A socket that may share its port may be given one that another keeps just now: a free one is asked for without.
    socket.set_reuseaddr(port != 0)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_kept_is_given_to_nobody_and_can_be_listened_on_again() {
        let kept: Vec<_> = (0..200).map(|_| bind(0).unwrap()).collect();
        let mut ports: Vec<_> = kept.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        for port in &ports {
            drop(bind(*port).unwrap().listen(1).unwrap());
            bind(*port).unwrap().listen(1).unwrap();
        }
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), kept.len());
    }
}
