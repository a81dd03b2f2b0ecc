//! What the tests of all fakes need of a client.
#![allow(dead_code, reason = "each test file uses a part")]

use reqwest::{Client, Response};
use serde_json::Value;

/// A client that follows nothing, retries nothing and gives up after ten seconds.
pub fn http() -> Client {
    // Our addresses have no TLS, but the client wants to know. A second installation fails, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().timeout(std::time::Duration::from_secs(10)).retry(reqwest::retry::never());
    builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// The body of an answer with this status.
pub async fn ok(answer: reqwest::Result<Response>, status: u16) -> Value {
    let answer = answer.expect("an answer");
    let got = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

pub async fn get(url: &str, status: u16) -> Value {
    ok(http().get(url).send().await, status).await
}

pub async fn send(url: &str, body: &Value, status: u16) -> Value {
    ok(http().post(url).json(body).send().await, status).await
}
