//! WebSocket connections, for platforms that speak over one. What holds of the HTTP client holds here: the same limits of time and
//! size, no redirect, nothing repeated, and it is known whether anything was sent.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, http::header, protocol::WebSocketConfig},
};
use tracing::Instrument;
use url::Url;

use crate::{
    Http, PublishPoint,
    http::{self, Broken},
};

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A connection, which lives as long as one call may take.
pub(crate) struct Socket {
    stream: WebSocketStream<Box<dyn Wire>>,
    until: Instant,
    max_message: usize,
}

/// What comes over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A message.
    Text(String),
    /// The other side hangs up and gives this code for it.
    Closed(u16, String),
}

impl Http {
    /// A connection to a `ws` or `wss` address; `http` and `https` mean the same. Which addresses are called, the settings alone
    /// decide.
    ///
    /// # Errors
    /// [`Broken::Unsent`]: nothing of a post can have been sent.
    pub(crate) async fn socket(&self, url: &Url) -> Result<Socket, Broken> {
        let options = self.options();
        let begun = Instant::now();
        let connected = timeout_at(begun + options.connect_timeout.min(options.timeout / 2), self.connect(url)).await;
        let stream = connected.map_err(|_| "no connection in time".to_owned()).and_then(|stream| stream);
        let until = begun + options.timeout;
        Ok(Socket { stream: stream.map_err(Broken::Unsent)?, until, max_message: options.max_answer })
    }

    /// Runs `talk`, which says over connections what makes something visible: a publish point, called once.
    pub(crate) async fn over_sockets<T>(&self, point: PublishPoint, talk: impl Future<Output = T>) -> T {
        let step = point.into_step();
        let span = tracing::debug_span!("speak over sockets", oncepost.step = step, oncepost.publish_point = true);
        talk.instrument(span).await
    }

    async fn connect(&self, url: &Url) -> Result<WebSocketStream<Box<dyn Wire>>, String> {
        let options = self.options();
        let host = url.host_str().ok_or("the address has no host")?;
        let secure = matches!(url.scheme(), "https" | "wss");
        let port = url.port().unwrap_or(if secure { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream =
            TcpStream::connect((bare.as_str(), port)).await.map_err(|error| format!("no connection: {error}"))?;
        // Without it small messages may wait for an acknowledgement. A failure costs speed only.
        let _ = stream.set_nodelay(true);
        let wire: Box<dyn Wire> = if secure { Box::new(encrypted(stream, bare).await?) } else { Box::new(stream) };
        let scheme = if secure { "wss" } else { "ws" };
        let address = format!("{scheme}://{host}:{port}{}", &url[url::Position::BeforePath..url::Position::AfterQuery]);
        let mut request = address.into_client_request().map_err(|error| words(&error))?;
        let name = options.user_agent.parse().map_err(|_| "the user agent is no header field")?;
        request.headers_mut().insert(header::USER_AGENT, name);
        let limits = WebSocketConfig::default()
            .max_message_size(Some(options.max_answer))
            .max_frame_size(Some(options.max_answer));
        let (stream, _) = client_async_with_config(request, wire, Some(limits)).await.map_err(|error| words(&error))?;
        Ok(stream)
    }
}

async fn encrypted(stream: TcpStream, host: String) -> Result<impl Wire + 'static, String> {
    http::install_provider();
    let config = ClientConfig::with_platform_verifier().map_err(|error| format!("no TLS: {error}"))?;
    let name = ServerName::try_from(host).map_err(|_| "the host is no name for TLS")?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))
}

impl Socket {
    /// Sends a message.
    ///
    /// # Errors
    /// [`Broken::Silent`]: it may have been sent.
    pub(crate) async fn send(&mut self, text: String) -> Result<(), Broken> {
        match timeout_at(self.until, self.stream.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(|error| self.broken(&error)),
            Err(_) => Err(too_late()),
        }
    }

    /// What comes next.
    ///
    /// # Errors
    /// The connection broke, nothing came in time, or more than we read.
    pub(crate) async fn hear(&mut self) -> Result<Heard, Broken> {
        loop {
            let message = timeout_at(self.until, self.stream.next()).await.map_err(|_| too_late())?;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(Heard::Text(text.as_str().to_owned())),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Ok(Heard::Closed(frame.code.into(), frame.reason.as_str().to_owned()));
                }
                Some(Ok(Message::Close(None))) | None => {
                    return Err(Broken::Silent("the other side hung up".into()));
                }
                // Pings are answered by the library.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.broken(&error)),
            }
        }
    }

    fn broken(&self, error: &tungstenite::Error) -> Broken {
        match error {
            tungstenite::Error::Capacity(_) => Broken::TooLong { most: self.max_message },
            error => Broken::Silent(words(error)),
        }
    }
}

fn too_late() -> Broken {
    Broken::Silent("no answer in time".into())
}

/// The error without the address, and of an HTTP answer the status alone.
fn words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Http(response) => format!("no WebSocket: HTTP status {}", response.status().as_u16()),
        tungstenite::Error::Url(_) => "the address is none of a WebSocket".to_owned(),
        error => error.to_string(),
    }
}
