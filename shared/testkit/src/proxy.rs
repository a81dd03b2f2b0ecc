//! A TCP proxy for faults of the network: cut, refuse, delay, stall, each direction by itself.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{fake::lock, port::Port};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What is wrong with one way.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    delay: Duration,
    stalled: bool,
}

/// A proxy before one server. Ends, with all its connections, when dropped.
pub struct Proxy {
    /// Keeps the port ours while we refuse.
    port: Port,
    upstream: String,
    flows: Arc<[watch::Sender<Flow>; 2]>,
    open: Mutex<Option<(JoinHandle<()>, CancellationToken)>>,
}

impl Proxy {
    /// Stands before a server at `host:port`, on a free port.
    ///
    /// # Errors
    /// If loopback has no free port.
    pub fn before(upstream: &str) -> io::Result<Self> {
        let proxy = Self {
            port: Port::take(0)?,
            upstream: upstream.to_owned(),
            flows: Arc::new([watch::channel(Flow::default()).0, watch::channel(Flow::default()).0]),
            open: Mutex::new(None),
        };
        proxy.admit()?;
        Ok(proxy)
    }

    /// Stands before the server of a URL; gives the proxy and the URL that leads through it.
    ///
    /// # Errors
    /// If the URL names no host and port.
    pub fn before_url(url: &str) -> io::Result<(Self, String)> {
        let mut through = Url::parse(url).map_err(io::Error::other)?;
        let (Some(host), Some(port)) = (through.host_str(), through.port_or_known_default()) else {
            return Err(io::Error::other(format!("{url} names no host and port")));
        };
        let proxy = Self::before(&format!("{host}:{port}"))?;
        let set = through.set_host(Some("127.0.0.1")).is_ok() && through.set_port(Some(proxy.address().port())).is_ok();
        if set { Ok((proxy, through.into())) } else { Err(io::Error::other(format!("{url} cannot be redirected"))) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Cuts the connections of this moment. New ones are let in.
    ///
    /// # Errors
    /// If the port cannot be listened on again.
    pub async fn cut(&self) -> io::Result<()> {
        self.refuse().await;
        self.admit()
    }

    /// Cuts all connections and refuses new ones, until [`Proxy::admit`].
    pub async fn refuse(&self) {
        let open = lock(&self.open).take();
        if let Some((task, everyone)) = open {
            everyone.cancel();
            task.abort();
            let _ = task.await;
        }
    }

    /// Lets connections in again.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub fn admit(&self) -> io::Result<()> {
        let mut open = lock(&self.open);
        if open.is_none() {
            let listener = self.port.listen()?;
            let everyone = CancellationToken::new();
            let serving = serve(listener, self.upstream.clone(), self.flows.clone(), everyone.clone());
            *open = Some((tokio::spawn(serving), everyone));
        }
        Ok(())
    }

    /// Holds every piece of data back this long on one way.
    pub fn delay(&self, way: Way, delay: Duration) {
        self.flow(way).send_modify(|flow| flow.delay = delay);
    }

    /// Lets nothing through on one way, and keeps it, until [`Proxy::flow_again`]. Connections stay up: a black hole.
    pub fn stall(&self, way: Way) {
        self.flow(way).send_modify(|flow| flow.stalled = true);
    }

    /// Lets through what was kept.
    pub fn flow_again(&self, way: Way) {
        self.flow(way).send_modify(|flow| flow.stalled = false);
    }

    fn flow(&self, way: Way) -> &watch::Sender<Flow> {
        &self.flows[way as usize]
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some((task, everyone)) = lock(&self.open).take() {
            everyone.cancel();
            task.abort();
        }
    }
}

async fn serve(
    listener: TcpListener,
    upstream: String,
    flows: Arc<[watch::Sender<Flow>; 2]>,
    everyone: CancellationToken,
) {
    loop {
        // An error is a caller who left before we came.
        let Ok((client, _)) = listener.accept().await else { continue };
        let [up, down] = [flows[0].subscribe(), flows[1].subscribe()];
        let (upstream, everyone) = (upstream.clone(), everyone.clone());
        tokio::spawn(async move {
            let both = async {
                let server = TcpStream::connect(upstream).await?;
                client.set_nodelay(true)?;
                server.set_nodelay(true)?;
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::try_join!(pump(from_client, to_server, up), pump(from_server, to_client, down))
            };
            // However it ends, both connections are closed with it.
            tokio::select! {
                _ = both => {}
                () = everyone.cancelled() => {}
            }
        });
    }
}

/// Carries one way until its end or an error.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut flow: watch::Receiver<Flow>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        let delay = flow.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // Fails when the proxy is gone; then the connection goes with it.
        flow.wait_for(|flow| !flow.stalled).await.map_err(io::Error::other)?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
