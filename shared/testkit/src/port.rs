//! Ports of loopback that stay ours while nobody listens.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use tokio::net::{TcpListener, TcpSocket};

/// How long a port that is still listened on is asked for again.
const PATIENCE: Duration = Duration::from_secs(2);

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
        self.kept.set_reuseaddr(true)?;
        let mut listener = self.try_listen();
        // A process that is being started holds everything that was open here until it has become another program; a listener that was
        // closed in these moments is open there still.
        let began = Instant::now();
        while listener.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
            && began.elapsed() < PATIENCE
        {
            std::thread::yield_now();
            listener = self.try_listen();
        }
        self.kept.set_reuseaddr(false)?;
        listener
    }

    fn try_listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        socket.listen(1024)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_that_closes_in_a_moment_is_waited_for() {
        let port = Port::take(0).unwrap();
        let listener = port.listen().unwrap().into_std().unwrap();
        // As a process that is being started holds it: for a moment after we have closed it.
        let elsewhere = listener.try_clone().unwrap();
        drop(listener);
        let held = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(elsewhere);
        });
        port.listen().unwrap();
        held.join().unwrap();
    }

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
