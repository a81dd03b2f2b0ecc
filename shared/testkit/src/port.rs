//! Ports of loopback that stay ours while nobody listens.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::net::{TcpListener, TcpSocket};

/// A port that is ours as long as this lives: while nobody listens, callers are refused by nobody else.
pub(crate) struct Port {
    /// Bound and never listening.
    kept: TcpSocket,
    address: SocketAddr,
}

impl Port {
    /// Takes `port`, or a free one for 0.
    pub(crate) fn take(port: u16) -> io::Result<Self> {
        let kept = TcpSocket::new_v4()?;
        // A port that was used a moment ago is fine; a free one must be nobody's.
        kept.set_reuseaddr(port != 0)?;
        kept.bind((Ipv4Addr::LOCALHOST, port).into())?;
        // From now on nobody else is given it: a socket that may share its port would be put beside this one, if this one may too.
        kept.set_reuseaddr(false)?;
        Ok(Self { address: kept.local_addr()?, kept })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens on it. One listener at a time.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        self.kept.set_reuseaddr(true)?;
        let listener = socket.bind(self.address).and_then(|()| socket.listen(1024));
        self.kept.set_reuseaddr(false)?;
        listener
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_kept_is_given_to_nobody_and_can_be_listened_on_again() {
        let kept: Vec<_> = (0..200).map(|_| Port::take(0).unwrap()).collect();
        for port in &kept {
            drop(port.listen().unwrap());
            let beside = TcpSocket::new_v4().unwrap();
            beside.set_reuseaddr(true).unwrap();
            beside.bind(port.address()).expect_err("the port is given to somebody else");
            port.listen().unwrap();
        }
        let mut ports: Vec<_> = kept.iter().map(|port| port.address().port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), kept.len());
    }
}
