//! The HTTP client of the API.

use std::time::Duration;

use console::Problem;
use reqwest::{Method, RequestBuilder, StatusCode, header, redirect};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::{ClientOptions, trouble::Trouble};

/// The longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks one oncepost.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<super::options::Token>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    /// Its status.
    pub status: StatusCode,
    /// What it says.
    pub value: T,
    /// Its body as it came.
    pub raw: String,
}

impl Client {
    /// A client for the address in `options`.
    pub fn new(options: &ClientOptions) -> Result<Self, Trouble> {
        let address = options.address();
        let remedy = "Give --api (or ONCEPOST_API) an address such as http://127.0.0.1:8380.";
        let wrong = || Trouble::usage(format!("\"{address}\" is not the address of an API."), remedy);
        let base = Url::parse(address).map_err(|_| wrong())?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(wrong());
        }
        // A second call changes nothing: whoever installed a provider first is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("oncepost-cli/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(TIMEOUT);
        if is_here(&base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|source| Trouble::Unreachable { address: address.to_owned(), source })?;
        Ok(Self { http, base, token: options.token.clone() })
    }

    /// Reads.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Reply<T>, Trouble> {
        self.send(self.request(Method::GET, path, query)?).await
    }

    /// Asks for something to be done.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Reply<T>, Trouble> {
        self.send(self.request(method, path, query)?.json(body)).await
    }

    /// Sends a body as it is.
    pub async fn post_raw<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: String,
        kind: &str,
    ) -> Result<Reply<T>, Trouble> {
        let request = self.request(Method::POST, path, &[])?.header(header::CONTENT_TYPE, kind).body(body);
        self.send(request).await
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> Result<RequestBuilder, Trouble> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        let request = self.http.request(method, url).query(query);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        })
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Reply<T>, Trouble> {
        let unreachable = |source: reqwest::Error| {
            // The address goes into the sentence; it must not be told twice.
            Trouble::Unreachable { address: self.base.to_string(), source: source.without_url() }
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let raw = response.text().await.map_err(unreachable)?;
        // A batch of which all is refused is answered item by item like any other, though its status is a refusal's.
        if !status.is_success()
            && let Ok(problem) = serde_json::from_str::<Problem>(&raw)
        {
            return Err(Trouble::Refused { problem: Box::new(problem), raw });
        }
        match serde_json::from_str(&raw) {
            Ok(value) => Ok(Reply { status, value, raw }),
            Err(_) => Err(Trouble::Stranger { address: self.base.to_string(), status: status.as_u16() }),
        }
    }
}

/// A proxy has no business between a program and its own machine.
fn is_here(base: &Url) -> bool {
    match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
