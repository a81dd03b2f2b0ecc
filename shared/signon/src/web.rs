//! Calls to a provider.

use std::time::Duration;

use bytes::BytesMut;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use serde::{Deserialize, de::DeserializeOwned};

use crate::SignOnError;

const CONNECT: Duration = Duration::from_secs(4);
/// The longest one call may take: somebody sits before it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 1024 * 1024;
/// The most letters of a provider's own words.
const WORDS: usize = 200;

/// A client that follows no redirect and repeats nothing. `here`: the provider is on this machine, where no proxy leads to.
pub(crate) fn client(here: bool) -> Result<Client, reqwest::Error> {
    // The workspace's TLS is ring's; a provider that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("oncepost/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .timeout(TIMEOUT);
    if here { builder.no_proxy() } else { builder }.build()
}

/// What a provider says where it refuses something.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Asks for `what`, which is JSON.
///
/// # Errors
/// There is no answer, or one that is not `what`; or the provider refuses in the words of OAuth.
pub(crate) async fn ask<T: DeserializeOwned>(what: &'static str, request: RequestBuilder) -> Result<T, SignOnError> {
    let silent = |why: String| SignOnError::Silent { what, why };
    let response = request.send().await.map_err(|error| silent(words(&error)))?;
    let status = response.status();
    let body = read(response).await.map_err(silent)?;
    if status == StatusCode::OK {
        // What stands in it may be a secret: only where it breaks is told.
        return serde_json::from_slice(&body)
            .map_err(|error| silent(format!("it cannot be read (line {}, column {})", error.line(), error.column())));
    }
    match serde_json::from_slice::<Refusal>(&body) {
        Ok(Refusal { error, error_description }) if status.is_client_error() => {
            Err(SignOnError::Refused { code: plain(&error), words: plain(&error_description) })
        }
        _ => Err(silent(format!("it answers with the status {}", status.as_u16()))),
    }
}

async fn read(mut response: Response) -> Result<BytesMut, String> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| words(&error))? {
        if body.len() + chunk.len() > LONGEST {
            return Err(format!("its answer is longer than {LONGEST} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there was no answer, without the address.
fn words(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match () {
        () if error.is_timeout() => format!("no answer within {} s", TIMEOUT.as_secs()),
        () if error.is_connect() => format!("no connection ({innermost})"),
        () => format!("the connection broke ({innermost})"),
    }
}

/// A provider's words, so that they can be shown.
pub(crate) fn plain(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(WORDS).collect()
}
