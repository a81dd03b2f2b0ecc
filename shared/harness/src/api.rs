//! A small client of oncepost's HTTP API.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::{
    Done, Trouble,
    campaign::{Planned, TENANT},
};

/// A client of one oncepost.
#[derive(Clone)]
pub struct Api {
    http: Client,
    base: String,
    token: String,
}

/// How many targets stand where: channel, then state.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

impl Api {
    /// A client of the API at `base`.
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        // Refused only if it was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap_or_default();
        Self { http, base: base.into(), token: token.into() }
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// No answer, or not a good one.
    pub async fn get(&self, path: &str) -> Done<Value> {
        let (status, answer) = self.ask(self.http.get(self.url(path))).await?;
        if status.is_success() { Ok(answer) } else { Err(refused("GET", path, status, &answer)) }
    }

    /// A post and its targets with their attempts, by its idempotency key; none if oncepost does not know it.
    ///
    /// # Errors
    /// No answer, or not a good one.
    pub async fn post_by_key(&self, planned: &Planned) -> Done<Option<Value>> {
        let path = format!("/v1/posts/by-key/{TENANT}/{}?attempts=true", planned.key());
        match self.ask(self.http.get(self.url(&path))).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, answer) if status.is_success() => Ok(Some(answer)),
            (status, answer) => Err(refused("GET", &path, status, &answer)),
        }
    }

    /// Sends `body` to `path`; the answer whatever its status.
    ///
    /// # Errors
    /// No answer.
    pub async fn post(&self, path: &str, body: &Value) -> Done<(StatusCode, Value)> {
        self.ask(self.http.post(self.url(path)).json(body)).await
    }

    /// Puts `body` at `path`; the answer whatever its status.
    ///
    /// # Errors
    /// No answer.
    pub async fn put(&self, path: &str, body: &Value) -> Done<(StatusCode, Value)> {
        self.ask(self.http.put(self.url(path)).json(body)).await
    }

    /// Sends `path` a request of another method.
    ///
    /// # Errors
    /// No answer, or not a good one.
    pub async fn delete(&self, path: &str) -> Done<Value> {
        let (status, answer) = self.ask(self.http.delete(self.url(path))).await?;
        if status.is_success() { Ok(answer) } else { Err(refused("DELETE", path, status, &answer)) }
    }

    /// How many targets stand where.
    ///
    /// # Errors
    /// No answer.
    pub async fn counts(&self) -> Done<Counts> {
        let census = self.get("/v1/census").await?;
        let mut counts = Counts::new();
        for count in census["counts"].as_array().into_iter().flatten() {
            let (channel, state) = (text(&count["channel"]), text(&count["state"]));
            counts.entry(channel).or_default().insert(state, count["count"].as_u64().unwrap_or_default());
        }
        Ok(counts)
    }

    /// Waits until the API answers.
    ///
    /// # Errors
    /// It does not within `limit`.
    pub async fn wait_ready(&self, limit: Duration) -> Done {
        let give_up = tokio::time::Instant::now() + limit;
        loop {
            match self.get("/v1/census").await {
                Ok(_) => return Ok(()),
                Err(trouble) if tokio::time::Instant::now() > give_up => {
                    return Err(format!("oncepost did not come up within {limit:?}: {trouble}").into());
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Done<(StatusCode, Value)> {
        let answer = request.bearer_auth(&self.token).send().await?;
        let status = answer.status();
        Ok((status, answer.json().await.unwrap_or_default()))
    }
}

fn refused(method: &str, path: &str, status: StatusCode, answer: &Value) -> Trouble {
    format!("{method} {path} was answered with {status}: {answer}").into()
}

/// A value's text, without quotes.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
