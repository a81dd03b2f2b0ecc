//! A loopback port that can be shut and opened again, and connections that can be cut in the middle.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::lock;
use crate::port::Port;

/// A port of our own, open or shut.
pub(crate) struct Door {
    port: Port,
    open: Mutex<Option<(JoinHandle<()>, CancellationToken)>>,
}

impl Door {
    /// Takes `port` of loopback, or a free one for 0.
    pub(crate) fn reserve(port: u16) -> io::Result<Self> {
        Ok(Self { port: Port::take(port)?, open: Mutex::new(None) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Serves `router` from now on. Does nothing if the door is open.
    pub(crate) fn open(&self, router: Router) -> io::Result<()> {
        let mut open = lock(&self.open);
        if open.is_none() {
            let everyone = CancellationToken::new();
            let entrance = Entrance { listener: self.port.listen()?, everyone: everyone.clone() };
            let service = router.into_make_service_with_connect_info::<Scissors>();
            let task = tokio::spawn(async move {
                // Ends with the task only: accepting never fails for good.
                let _ = axum::serve(entrance, service).await;
            });
            *open = Some((task, everyone));
        }
        Ok(())
    }

    /// Stops listening and cuts every connection; when this returns, new ones are refused.
    pub(crate) async fn shut(&self) {
        let task = self.slam();
        if let Some(task) = task {
            let _ = task.await;
        }
    }

    /// The same without waiting for it.
    pub(crate) fn slam(&self) -> Option<JoinHandle<()>> {
        let (task, everyone) = lock(&self.open).take()?;
        everyone.cancel();
        task.abort();
        Some(task)
    }
}

struct Entrance {
    listener: TcpListener,
    everyone: CancellationToken,
}

impl Listener for Entrance {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    // Without it small answers may wait for an acknowledgement. A failure costs speed only.
                    let _ = stream.set_nodelay(true);
                    return (Wire::new(stream, self.everyone.child_token()), from);
                }
                // The caller went away before we came, or we are short of files for the moment.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Cuts one connection.
#[derive(Clone)]
pub(crate) struct Scissors {
    cut: CancellationToken,
    reset: Arc<AtomicBool>,
}

impl Scissors {
    /// Cuts the connection before anything more is written; with `reset` the caller gets an RST, otherwise an end of stream.
    pub(crate) fn cut(&self, reset: bool) {
        self.reset.store(reset, SeqCst);
        self.cut.cancel();
    }
}

impl Connected<IncomingStream<'_, Entrance>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Entrance>) -> Self {
        stream.io().scissors.clone()
    }
}

/// A TCP connection that ends when its scissors are used.
struct Wire {
    stream: TcpStream,
    scissors: Scissors,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Wire {
    fn new(stream: TcpStream, cut: CancellationToken) -> Self {
        let end = Box::pin(cut.clone().cancelled_owned());
        Self { stream, scissors: Scissors { cut, reset: Arc::default() }, end }
    }

    /// An error once the connection is cut; wakes the task when that happens.
    fn whole(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.end.as_mut().poll(cx).is_pending() {
            return Ok(());
        }
        if self.scissors.reset.load(SeqCst) {
            self.stream.set_zero_linger()?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        pin!(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.whole(cx)?;
        pin!(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        pin!(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        pin!(&mut self.stream).poll_shutdown(cx)
    }
}
