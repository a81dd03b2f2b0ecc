//! A TCP proxy in front of the broker: the network, with a switch.

use std::net::SocketAddr;

use runtime::Runtime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// Connections are cut and new ones are refused at once.
    Cut,
    /// Connections stay open and nothing passes, as behind a firewall that lost its table.
    Silent,
}

/// A proxy that lives as long as this handle.
pub struct Proxy {
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
}

impl Proxy {
    /// Listens on a free port and passes connections on to `target` (host:port).
    pub async fn before(runtime: &Runtime, target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (weather, seen) = watch::channel(Weather::Fair);
        runtime.spawn(accept(runtime.clone(), listener, target, seen));
        Self { address, weather }
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn accept(runtime: Runtime, listener: TcpListener, target: String, weather: watch::Receiver<Weather>) {
    let mut gone = weather.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                if *weather.borrow() != Weather::Cut {
                    runtime.spawn(join(client, target.clone(), weather.clone()));
                }
            }
            () = closed(&mut gone) => return,
        }
    }
}

async fn join(client: TcpStream, target: String, weather: watch::Receiver<Weather>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut cut = weather.clone();
    tokio::select! {
        () = pass(&mut from_client, &mut to_server, weather.clone()) => {}
        () = pass(&mut from_server, &mut to_client, weather.clone()) => {}
        _ = cut.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut weather: watch::Receiver<Weather>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn closed(weather: &mut watch::Receiver<Weather>) {
    while weather.changed().await.is_ok() {}
}
