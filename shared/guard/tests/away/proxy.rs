//! A way to Redis that can be cut, silenced or made to lose one answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use runtime::Runtime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Both directions pass.
    Open,
    /// Nothing passes; connections stay open. Those of this time stay dead for ever.
    Silent,
    /// The next request reaches Redis; its answer is dropped and the connection is cut. Open from then on.
    LoseOneAnswer,
}

pub struct Proxy {
    port: u16,
    target: String,
    runtime: Runtime,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

struct Shared {
    way: watch::Sender<Way>,
    lost: AtomicBool,
}

impl Proxy {
    pub async fn before(target: String, runtime: Runtime) -> Self {
        let shared = Arc::new(Shared { way: watch::Sender::new(Way::Open), lost: AtomicBool::new(false) });
        let mut proxy = Self { port: 0, target, runtime, shared, task: None };
        proxy.start().await;
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn go(&self, way: Way) {
        self.shared.way.send_replace(way);
    }

    pub fn lost_one(&self) -> bool {
        self.shared.lost.load(Ordering::SeqCst)
    }

    /// Cuts every connection and refuses new ones.
    pub async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _cancelled = task.await;
        }
    }

    pub async fn start(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let (target, shared) = (self.target.clone(), self.shared.clone());
        self.task = Some(self.runtime.spawn(async move {
            // Dropped with this task, and the connections with it.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (target, shared) = (target.clone(), shared.clone());
                connections.spawn(async move {
                    if let Ok(server) = TcpStream::connect(target).await {
                        relay(client, server, &shared).await;
                    }
                });
            }
        }));
    }
}

async fn relay(client: TcpStream, server: TcpStream, shared: &Shared) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = async {
        let mut bytes = vec![0; 65_536];
        loop {
            let read = from_client.read(&mut bytes).await.unwrap_or(0);
            silence(shared).await;
            if read == 0 || to_server.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    let answers = async {
        let mut bytes = vec![0; 65_536];
        loop {
            let read = from_server.read(&mut bytes).await.unwrap_or(0);
            silence(shared).await;
            if *shared.way.borrow() == Way::LoseOneAnswer {
                shared.lost.store(true, Ordering::SeqCst);
                shared.way.send_replace(Way::Open);
                return;
            }
            if read == 0 || to_client.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = requests => {}, () = answers => {} }
}

/// Never returns on a connection that fell silent.
async fn silence(shared: &Shared) {
    if *shared.way.borrow() == Way::Silent {
        std::future::pending::<()>().await;
    }
}
