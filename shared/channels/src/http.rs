//! The one HTTP client of all channels, with two doors: one for steps that may be repeated freely, one for publish points.
//!
//! The doors differ in what a broken call means. Behind the free door nothing can be out, so the step is tried again. Behind
//! the publish door only what surely was not sent is tried again; everything else is in doubt.

mod answer;
mod broken;
pub(crate) mod seen;
pub mod wire;

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use domain::Failure;
use http_body::Body as _;
use reqwest::{Client, Method, Request, RequestBuilder, Response, header::CONTENT_LENGTH, redirect};
use runtime::{Runtime, Step};
use tracing::Instrument;
use url::Url;

use crate::{Media, MediaOptions, PublishPoint, StoreError};
pub use answer::Answer;
pub(crate) use broken::Broken;
use wire::Wire;

/// How fast a file must be taken at least, in bytes per second.
const SLOWEST: u64 = 1024 * 1024;

/// The client's numbers.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How we name ourselves to platforms.
    pub user_agent: String,
    /// The longest time until a connection stands, TLS included. At most half of `timeout` is used.
    pub connect_timeout: Duration,
    /// The longest silence while media are fetched. Calls to platforms have their whole time: silence while they take a large file
    /// is no bad sign.
    pub read_timeout: Duration,
    /// The longest time for a whole call. Must be shorter than the attempt limit (P5).
    pub timeout: Duration,
    /// The longest time for a call that carries a large file: a second is added for each MiB, up to this. Must be
    /// shorter than the attempt limit, too.
    pub longest: Duration,
    /// The longest answer that is read, in bytes.
    pub max_answer: usize,
    /// How media are fetched.
    pub media: MediaOptions,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("oncepost/", env!("CARGO_PKG_VERSION")).into(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(45),
            longest: Duration::from_secs(100),
            max_answer: 1024 * 1024,
            media: MediaOptions::default(),
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The system's certificates cannot be read, or an option makes no sense.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
    /// Media have no place to be kept.
    #[error(transparent)]
    Media(#[from] StoreError),
}

/// The HTTP client. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: Client,
    wire: Arc<dyn Wire>,
    media: Media,
    runtime: Runtime,
    options: HttpOptions,
}

impl Http {
    /// A client that follows no redirect and repeats nothing by itself.
    ///
    /// # Errors
    /// The system's certificates cannot be read, media have no place to be kept, or an option makes no sense.
    pub fn new(options: HttpOptions, runtime: Runtime) -> Result<Self, HttpError> {
        let client = builder(&options).redirect(redirect::Policy::none()).build().map_err(HttpError::Client)?;
        let wire = Arc::new(client.clone());
        let media = Media::new(&options, runtime.clone())?;
        Ok(Self { client, wire, media, runtime, options })
    }

    /// The same with another wire to platforms. Media come over the network still, and sockets, as to Nostr's relays, are opened
    /// past the wire.
    #[must_use]
    pub fn over(self, wire: Arc<dyn Wire>) -> Self {
        Self { wire, ..self }
    }

    /// What fetches pictures and videos.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// The client's numbers.
    pub(crate) fn options(&self) -> &HttpOptions {
        &self.options
    }

    /// The time, chance and steps that the client lives by.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// A request to be completed and handed to one of the doors.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Calls a step that makes nothing visible.
    ///
    /// # Errors
    /// There was no whole answer; the step may be tried again.
    pub async fn free(&self, step: &'static str, request: RequestBuilder) -> Result<Answer, Failure> {
        self.call(step, false, request).await.map_err(|broken| broken.at_free_step(step))
    }

    /// Calls a publish point, once.
    ///
    /// # Errors
    /// There was no whole answer: [`domain::Landed::No`] if the request surely was not sent, else
    /// [`domain::Landed::Unknown`].
    pub async fn publish(&self, point: PublishPoint, request: RequestBuilder) -> Result<Answer, Failure> {
        let step = point.into_step();
        self.call(step, true, request).await.map_err(|broken| broken.at_publish_point(step))
    }

    async fn call(&self, step: &'static str, point: bool, request: RequestBuilder) -> Result<Answer, Broken> {
        let mut request = request.build().map_err(Broken::sending)?;
        if let Some(limit) = patience(self.options.timeout, self.options.longest, length(&request)) {
            request.timeout_mut().get_or_insert(limit);
        }
        let span = seen::call(step, point, request.method(), request.url());
        let work = async {
            let sent = self.wire.carry(request).await.map_err(Broken::sending);
            if point && !matches!(&sent, Err(broken) if broken.is_unsent()) {
                self.runtime.step(Step::Sent).await;
            }
            let response = sent?;
            seen::answered(&span, response.status().as_u16());
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = read(response, self.options.max_answer).await?;
            if point {
                self.runtime.step(Step::Answered).await;
            }
            Ok(Answer { step, point, status, headers, body, at: self.runtime.now() })
        };
        let answer = work.instrument(span.clone()).await;
        if let Err(broken) = &answer {
            seen::broken(&span, broken);
        }
        answer
    }
}

/// How many bytes the request carries, where that is known.
fn length(request: &Request) -> u64 {
    let said = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    said.or_else(|| request.body()?.size_hint().exact()).unwrap_or_default()
}

/// How long a call that carries so many bytes may take, if longer than others.
fn patience(usual: Duration, longest: Duration, length: u64) -> Option<Duration> {
    let limit = longest.min(usual.saturating_add(Duration::from_secs(length / SLOWEST)));
    (limit > usual).then_some(limit)
}

/// The workspace's TLS is ring's; a provider that is installed already stays.
pub(crate) fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What all our clients have in common.
pub(crate) fn builder(options: &HttpOptions) -> reqwest::ClientBuilder {
    install_provider();
    Client::builder()
        .user_agent(&options.user_agent)
        // Shorter than the whole call, so that a connection that never stands is known not to have carried anything.
        .connect_timeout(options.connect_timeout.min(options.timeout / 2))
        .timeout(options.timeout)
        // The fewer connections have gone stale, the fewer calls end in doubt because one died under them.
        .pool_idle_timeout(Duration::from_secs(20))
        .tcp_nodelay(true)
        .retry(reqwest::retry::never())
}

/// The body of `response`, as long as it is no longer than `most` bytes.
pub(crate) async fn read(mut response: Response, most: usize) -> Result<Bytes, Broken> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(Broken::TooLong { most });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(Broken::answer)? {
        if body.len() + chunk.len() > most {
            return Err(Broken::TooLong { most });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_has_more_time_and_never_more_than_the_longest() {
        let seconds = Duration::from_secs;
        let patience = |mib: u64| patience(seconds(30), seconds(100), mib * SLOWEST);
        assert_eq!((patience(0), patience(10), patience(500)), (None, Some(seconds(40)), Some(seconds(100))));
        assert_eq!(super::patience(seconds(30), seconds(20), 5 * SLOWEST), None);
    }

    #[test]
    fn the_length_of_what_is_carried_is_known() {
        let client = builder(&HttpOptions::default()).build().unwrap();
        let request = || client.post("http://localhost");
        assert_eq!(length(&request().build().unwrap()), 0);
        assert_eq!(length(&request().body("four").build().unwrap()), 4);
        let part = reqwest::multipart::Part::stream_with_length("four", 4);
        let form = reqwest::multipart::Form::new().part("a", part);
        assert!(length(&request().multipart(form).build().unwrap()) > 4);
    }
}
