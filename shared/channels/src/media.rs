//! Fetches pictures and videos from the addresses that posts name: a step that may be repeated freely.
//!
//! Posts come from outside, so their addresses are not trusted: no address of a private network is ever connected to,
//! whatever name or redirect leads there, and what a file is, is read from its first bytes, not from what the server says.

mod kind;
mod public;

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use reqwest::{Client, Response, header, redirect};
use tracing::Instrument;
use url::{Host, Url};

pub use kind::Kind;
use public::{Guarded, PrivateAddress, is_public};

use crate::{
    HttpOptions,
    http::{self, Broken, HttpError},
};

const STEP: &str = "fetch media";
const MOST_REDIRECTS: usize = 3;

/// How media are fetched.
#[derive(Debug, Clone)]
pub struct MediaOptions {
    /// The largest file that is fetched, in bytes.
    pub max_bytes: usize,
    /// The longest time one fetch may take.
    pub timeout: Duration,
    /// Addresses of private networks are allowed: for tests and demos.
    pub allow_private: bool,
}

impl Default for MediaOptions {
    fn default() -> Self {
        Self { max_bytes: 50 * 1024 * 1024, timeout: Duration::from_secs(30), allow_private: false }
    }
}

/// Fetches media. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    client: Client,
    options: MediaOptions,
}

/// A fetched file.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The file.
    pub bytes: Bytes,
    /// What it is, by its first bytes.
    pub kind: Kind,
}

impl Media {
    /// A fetcher. Never goes through a proxy: behind one, nobody could tell where an address leads.
    ///
    /// # Errors
    /// The system's certificates cannot be read, or an option makes no sense.
    pub(crate) fn new(http: &HttpOptions) -> Result<Self, HttpError> {
        let options = http.media.clone();
        let client = http::builder(http)
            .redirect(redirect::Policy::none())
            .timeout(options.timeout)
            .no_proxy()
            .dns_resolver(Arc::new(Guarded { allow_private: options.allow_private }))
            .build()
            .map_err(HttpError)?;
        Ok(Self { client, options })
    }

    /// The file at `address`.
    ///
    /// # Errors
    /// [`Code::BAD_MEDIA_URL`], [`Code::MEDIA_UNREACHABLE`] (worth another try) or [`Code::MEDIA_REFUSED`].
    pub async fn fetch(&self, address: &str) -> Result<Fetched, Failure> {
        let mut url = Url::parse(address).map_err(|_| bad_address("it is not a web address"))?;
        let span = tracing::info_span!("fetch media", server.address = url.host_str().unwrap_or_default());
        let work = async {
            for _ in 0..=MOST_REDIRECTS {
                let response = self.get(&url).await?;
                match next_hop(&url, &response)? {
                    Some(next) => url = next,
                    None => return self.take(response).await,
                }
            }
            Err(unreachable(None, format!("more than {MOST_REDIRECTS} redirects")))
        };
        work.instrument(span).await
    }

    async fn get(&self, url: &Url) -> Result<Response, Failure> {
        self.check(url)?;
        self.client.get(url.clone()).send().await.map_err(|error| match private_address(&error) {
            Some(private) => bad_address(private.to_string()),
            None => unreachable(None, Broken::sending(error).words()),
        })
    }

    /// Names are checked when they are resolved; addresses written as numbers are checked here.
    fn check(&self, url: &Url) -> Result<(), Failure> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad_address("it is not an http or https address"));
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(ip.into()),
            Some(Host::Ipv6(ip)) => Some(ip.into()),
            _ => None,
        };
        match ip {
            Some(ip) if !self.options.allow_private && !is_public(ip) => Err(bad_address(PrivateAddress.to_string())),
            _ => Ok(()),
        }
    }

    async fn take(&self, response: Response) -> Result<Fetched, Failure> {
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(unreachable(Some(status), "the address does not give a file".into()));
        }
        let bytes = http::read(response, self.options.max_bytes).await.map_err(|broken| match broken {
            Broken::TooLong { most } => refused(format!("the file is larger than {most} bytes")),
            broken => unreachable(Some(status), broken.words()),
        })?;
        let kind = Kind::of(&bytes).ok_or_else(|| refused("the file is no picture or video that we know".into()))?;
        Ok(Fetched { bytes, kind })
    }
}

fn next_hop(from: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| from.join(to).ok());
    to.map(Some).ok_or_else(|| unreachable(Some(response.status().as_u16()), "a redirect to nowhere".into()))
}

fn private_address<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a PrivateAddress> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(private) = error.downcast_ref() {
            return Some(private);
        }
        cause = error.source();
    }
    None
}

fn bad_address(why: impl Into<String>) -> Failure {
    failure(Code::BAD_MEDIA_URL, Worth::AfterFix { fix: Fix::Content }, None, why.into())
}

fn unreachable(status: Option<u16>, why: String) -> Failure {
    failure(Code::MEDIA_UNREACHABLE, Worth::Retry { not_before: None }, status, why)
}

/// The media cannot be used, here or by a channel's own limits.
pub(crate) fn refused(why: String) -> Failure {
    failure(Code::MEDIA_REFUSED, Worth::AfterFix { fix: Fix::Content }, None, why)
}

fn failure(code: Code, worth: Worth, status: Option<u16>, why: String) -> Failure {
    let said = PlatformWords { status, ..PlatformWords::text(why) };
    Failure { code, landed: Landed::No, worth, scope: Scope::Post, step: STEP.into(), said }
}
