//! Serving HTTP: who connects is known to what answers, and nobody keeps a connection by being slow.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use runtime::{Runtime, Stop};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::failure::Failure;

/// The longest time until the next request's head has arrived. Longer than proxies keep idle connections, which then are the ones to
/// close them: a request that crosses our closing would be lost.
const HEAD_LIMIT: Duration = Duration::from_secs(75);
/// How long requests that are being answered may go on when the process is asked to end.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
/// The wait after connections cannot be accepted, because there are too many open files.
const SHORT_OF_FILES: Duration = Duration::from_secs(1);

/// Listens where the setting `key` says.
///
/// # Errors
/// The address is taken, or not one of this machine.
pub async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new("listen", format!("{key}, which is {address}, cannot be used: {error}"))
            .remedy(format!("Stop what listens there, or set {key} to another address."))
    })
}

/// Serves `router` on `listener` until `stop`, then lets what is being answered end.
pub async fn serve(listener: TcpListener, router: Router, runtime: Runtime, stop: Stop) {
    let watched = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_the_callers(&error) {
                    tracing::error!(%error, "connections cannot be accepted; going on in a second");
                    runtime.sleep(SHORT_OF_FILES).await;
                }
                continue;
            }
        };
        // Without it small answers may wait for an acknowledgement. A failure costs speed only.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request| answer(router.clone(), peer, request));
        let connection = watched.watch(http.serve_connection(TokioIo::new(stream), service));
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, %peer, "a connection ended early");
            }
        });
    }
    drop(listener);
    if runtime.within(DRAIN_LIMIT, watched.shutdown()).await.is_none() {
        tracing::warn!("some requests were still being answered when the process had to end");
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: axum::http::Request<Incoming>,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}

/// Whether the caller was gone before we came.
fn is_the_callers(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    struct Served {
        address: SocketAddr,
        stop: Stop,
        done: tokio::task::JoinHandle<()>,
    }

    async fn served() -> Served {
        let runtime = Runtime::system();
        let router = Router::new()
            .route("/who", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
            .route("/echo", post(|body: String| async move { body }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Stop::new();
        let done = runtime.clone().spawn(serve(listener, router, runtime, stop.clone()));
        Served { address, stop, done }
    }

    async fn until_closed(stream: &mut TcpStream) -> String {
        let mut answer = Vec::new();
        // An end by reset is an end, too.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn what_answers_knows_who_asks() {
        let served = served().await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        stream.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let told = until_closed(&mut stream).await;
        assert!(told.starts_with("HTTP/1.1 200 OK") && told.ends_with(&own), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_sends_a_head_byte_by_byte_is_cut_off() {
        let served = served().await;
        let start = tokio::time::Instant::now();
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /who HTTP/1.1\r\nhost: ").await.unwrap();
        until_closed(&mut stream).await;
        assert!(start.elapsed() >= HEAD_LIMIT && start.elapsed() < HEAD_LIMIT * 2, "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn what_is_being_answered_ends_before_the_process_does() {
        let served = served().await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhe").await.unwrap();
        let mut other = TcpStream::connect(served.address).await.unwrap();
        other.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // Its answer shows that the first one, accepted before it, is being served.
        let mut first = [0; 15];
        other.read_exact(&mut first).await.unwrap();
        served.stop.cancel();
        until_closed(&mut other).await;
        stream.write_all(b"llo").await.unwrap();
        let told = until_closed(&mut stream).await;
        assert!(told.ends_with("hello"), "{told}");
        served.done.await.unwrap();
        assert!(TcpStream::connect(served.address).await.is_err(), "and nobody else is let in");
    }
}
