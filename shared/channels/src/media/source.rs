//! Reads files from where posts say they are, within limits and from nowhere private.

use std::{collections::HashMap, error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{Code, Failure, Fix, Worth};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use reqwest::{Client, Method, RequestBuilder, Response, header, redirect};
use runtime::Runtime;
use tracing::Instrument;
use url::Url;

use super::{
    Kind, MediaOptions, STEP, StoreError, failure,
    file::disk,
    public::{PrivateAddress, Reach},
    refused,
    spool::{Spool, Spooling, Spools},
};
use crate::{
    HttpOptions,
    http::{self, Broken, HttpError, seen},
};

const MOST_REDIRECTS: usize = 3;

/// Where files come from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Source {
    client: Client,
    /// The buckets that posts may name.
    buckets: Arc<HashMap<String, Box<dyn ObjectStore>>>,
    reach: Reach,
    max_bytes: u64,
    /// The longest one fetch from the web may take, redirects and all.
    timeout: Duration,
}

impl Source {
    /// Never goes through a proxy: behind one, nobody could tell where an address leads.
    pub(crate) fn new(http: &HttpOptions) -> Result<Self, HttpError> {
        let MediaOptions { timeout, allow_private, allow_hosts, max_bytes, readable, .. } = &http.media;
        let reach = Reach { allow_private: *allow_private, allow_hosts: Arc::new(allow_hosts.clone()) };
        let client = http::builder(http)
            .redirect(redirect::Policy::none())
            .read_timeout(http.read_timeout)
            .no_proxy()
            .dns_resolver(Arc::new(reach.clone()))
            .build()
            .map_err(HttpError::Client)?;
        let mut buckets: HashMap<String, Box<dyn ObjectStore>> = HashMap::new();
        if let Some((options, names)) = readable {
            for name in names {
                buckets.insert(name.clone(), Box::new(options.bucket(name).map_err(StoreError::from)?));
            }
        }
        Ok(Self { client, buckets: Arc::new(buckets), reach, max_bytes: *max_bytes, timeout: *timeout })
    }

    /// The file at `address`, with its kind.
    pub(crate) async fn read(
        &self,
        address: &str,
        spools: &Spools,
        runtime: &Runtime,
    ) -> Result<(Spool, Kind), Failure> {
        let url = Url::parse(address).map_err(|_| bad_address("it is not a web address"))?;
        if url.scheme() == "s3" {
            return self.read_bucket(&url, spools).await;
        }
        self.read_web(url, spools, runtime).await
    }

    async fn read_web(&self, mut url: Url, spools: &Spools, runtime: &Runtime) -> Result<(Spool, Kind), Failure> {
        let limit = runtime.limit(self.timeout);
        for _ in 0..=MOST_REDIRECTS {
            let response = self.get(&url, runtime.left(limit)).await?;
            match next_hop(&url, &response)? {
                Some(next) => url = next,
                None => return self.take(response, spools).await,
            }
        }
        Err(too_many_redirects())
    }

    /// Whether the address gives a file, by its first byte. Signed addresses are often good for `GET` alone, so `HEAD` would prove nothing.
    pub(crate) async fn reach(&self, address: &str, within: Duration, runtime: &Runtime) -> Result<(), Failure> {
        let mut url = Url::parse(address).map_err(|_| bad_address("it is not a web address"))?;
        let limit = runtime.limit(within.min(self.timeout));
        if url.scheme() == "s3" {
            let (name, bucket, key) = self.in_bucket(&url)?;
            let found = runtime.within(runtime.left(limit), bucket.head(&key)).await;
            let found =
                found.ok_or_else(|| unreachable(None, format!("the bucket \"{name}\" did not answer in time")))?;
            return found.map(drop).map_err(|error| unread(name, error));
        }
        for _ in 0..=MOST_REDIRECTS {
            self.check(&url)?;
            let first = self.client.get(url.clone()).header(header::RANGE, "bytes=0-0");
            let response = self.send(first, runtime.left(limit)).await?;
            match next_hop(&url, &response)? {
                Some(next) => url = next,
                // The rest of what a server sends that knows no ranges is not read.
                None if response.status().is_success() => return Ok(()),
                None => return Err(no_file(&response)),
            }
        }
        Err(too_many_redirects())
    }

    async fn get(&self, url: &Url, within: Duration) -> Result<Response, Failure> {
        self.check(url)?;
        let span = seen::call("fetch media", false, &Method::GET, url);
        let response = self.send(self.client.get(url.clone()), within).instrument(span.clone()).await;
        match &response {
            Ok(response) => seen::answered(&span, response.status().as_u16()),
            Err(failure) => spans::failed(&span, failure.code.to_string()),
        }
        response
    }

    async fn send(&self, request: RequestBuilder, within: Duration) -> Result<Response, Failure> {
        request.timeout(within).send().await.map_err(|error| match private_address(&error) {
            Some(private) => bad_address(private.to_string()),
            None => unreachable(None, Broken::sending(error).words()),
        })
    }

    /// Names are checked when they are resolved; addresses written as numbers are checked here.
    fn check(&self, url: &Url) -> Result<(), Failure> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad_address("it is not an http or https address"));
        }
        self.reach.check(url).map_err(|private| bad_address(private.to_string()))
    }

    async fn take(&self, response: Response, spools: &Spools) -> Result<(Spool, Kind), Failure> {
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(no_file(&response));
        }
        let length = response.content_length();
        let chunks = response.bytes_stream();
        let chunks = chunks.map_err(|error| unreachable(Some(status), Broken::answer(error).words()));
        self.spool(length, chunks, spools).await
    }

    /// A file of a bucket that the settings open to posts.
    async fn read_bucket(&self, url: &Url, spools: &Spools) -> Result<(Spool, Kind), Failure> {
        let (name, bucket, key) = self.in_bucket(url)?;
        let found = bucket.get(&key).await.map_err(|error| unread(name, error))?;
        let length = Some(found.meta.size);
        self.spool(length, found.into_stream().map_err(|error| unread(name, error)), spools).await
    }

    /// The bucket that an address names, and the file in it.
    fn in_bucket<'u>(&self, url: &'u Url) -> Result<(&'u str, &dyn ObjectStore, Path), Failure> {
        let name = url.host_str().unwrap_or_default();
        let Some(bucket) = self.buckets.get(name) else {
            return Err(bad_address("the settings do not open this bucket to posts"));
        };
        let key = Path::from_url_path(url.path()).map_err(|_| bad_address("it names no file of the bucket"))?;
        Ok((name, &**bucket, key))
    }

    /// Writes the file to disk as it comes. Whatever is no picture or video, or too large, is not read to the end.
    async fn spool(
        &self,
        length: Option<u64>,
        chunks: impl Stream<Item = Result<Bytes, Failure>>,
        spools: &Spools,
    ) -> Result<(Spool, Kind), Failure> {
        let too_large = || refused(format!("the file is larger than media.max_bytes ({})", self.max_bytes));
        let unknown = || refused("the file is no picture or video that we know".into());
        if length.is_some_and(|length| length > self.max_bytes) {
            return Err(too_large());
        }
        let mut spooling = Spooling::start(spools).await.map_err(disk)?;
        let mut chunks = std::pin::pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if spooling.size() + chunk.len() as u64 > self.max_bytes {
                return Err(too_large());
            }
            spooling.write(&chunk).await.map_err(disk)?;
            if spooling.head().is_some_and(|head| Kind::of(head).is_none()) {
                return Err(unknown());
            }
        }
        let file = spooling.finish().await.map_err(disk)?;
        let kind = Kind::of(&file.head).ok_or_else(unknown)?;
        Ok((file, kind))
    }
}

fn no_file(response: &Response) -> Failure {
    unreachable(Some(response.status().as_u16()), "the address does not give a file".into())
}

fn too_many_redirects() -> Failure {
    unreachable(None, format!("more than {MOST_REDIRECTS} redirects"))
}

fn next_hop(from: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| from.join(to).ok());
    to.map(Some).ok_or_else(|| unreachable(Some(response.status().as_u16()), "a redirect to nowhere".into()))
}

/// What it means that the bucket of this name does not give a file.
fn unread(bucket: &str, error: object_store::Error) -> Failure {
    match error {
        object_store::Error::NotFound { .. } => {
            unreachable(Some(404), format!("the bucket \"{bucket}\" has no such file"))
        }
        // Without the right to list, it tells nobody which files it does not have.
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            let why = format!(
                "the bucket \"{bucket}\" refuses us, or has no such file; check the file's name and the rights of media.s3"
            );
            failure(Code::BAD_MEDIA_URL, Worth::AfterFix { fix: Fix::Setup }, None, why)
        }
        error => Failure::system(Code::OWN_HICCUP, STEP, format!("the bucket \"{bucket}\": {error}")),
    }
}

pub(crate) fn private_address<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a PrivateAddress> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(private) = error.downcast_ref() {
            return Some(private);
        }
        cause = error.source();
    }
    None
}

pub(super) fn bad_address(why: impl Into<String>) -> Failure {
    failure(Code::BAD_MEDIA_URL, Worth::AfterFix { fix: Fix::Content }, None, why.into())
}

fn unreachable(status: Option<u16>, why: String) -> Failure {
    failure(Code::MEDIA_UNREACHABLE, Worth::Retry { not_before: None }, status, why)
}
