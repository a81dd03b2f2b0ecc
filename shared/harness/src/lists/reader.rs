//! Somebody who reads lists, by the API and in the console.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode, header};
use serde_json::Value;

use crate::Done;

/// A reader with a token, who is logged in to the console, too.
pub struct Reader {
    http: Client,
    base: String,
    token: String,
    cookie: String,
}

/// An answer, and how long it took.
pub struct Answer {
    /// Until its last byte had come.
    pub took: Duration,
    /// Its status.
    pub status: StatusCode,
    /// What it says.
    pub body: String,
}

impl Reader {
    /// Logs in at `base`.
    ///
    /// # Errors
    /// The console does not let the token in.
    pub async fn new(base: &str, token: &str) -> Done<Self> {
        // Refused only if it was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirect = reqwest::redirect::Policy::none();
        let http = Client::builder().timeout(Duration::from_secs(60)).redirect(redirect).build()?;
        let entered = http.post(format!("{base}/login")).form(&[("token", token), ("next", "/")]).send().await?;
        let cookie =
            entered.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookie = cookie.ok_or("the console did not let us in")?.to_owned();
        Ok(Self { http, base: base.into(), token: token.into(), cookie })
    }

    /// Asks for `path`, which is of the API if it begins with `/v1`, and a screen otherwise.
    ///
    /// # Errors
    /// No answer.
    pub async fn ask(&self, path: &str) -> Done<Answer> {
        let request = self.http.get(format!("{}{path}", self.base));
        let request = match path.starts_with("/v1") {
            true => request.bearer_auth(&self.token),
            false => request.header(header::COOKIE, &self.cookie),
        };
        let watch = Instant::now();
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        Ok(Answer { took: watch.elapsed(), status, body })
    }

    /// What the API says at `path`.
    ///
    /// # Errors
    /// No answer, or not a good one.
    pub async fn json(&self, path: &str) -> Done<Value> {
        let answer = self.ask(path).await?;
        if !answer.status.is_success() {
            return Err(format!("GET {path} was answered with {}: {}", answer.status, answer.body).into());
        }
        Ok(serde_json::from_str(&answer.body)?)
    }
}
