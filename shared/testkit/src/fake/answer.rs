//! What a fake says.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An HTTP answer, made by a platform or written in a cue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as it is sent.
    #[serde(default)]
    pub body: String,
    /// The id of the post that this call made, if it made one. Not sent.
    #[serde(skip)]
    pub made: Option<String>,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An answer of any type.
    pub fn text(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: BTreeMap::from([("content-type".into(), content_type.into())]),
            body: body.into(),
            made: None,
        }
    }

    /// What a proxy in front of the platform shows while it is down.
    pub fn outage() -> Self {
        Self::text(
            503,
            "text/html",
            "<!DOCTYPE html><html><head><title>We'll be back soon</title></head><body><h1>503</h1></body></html>",
        )
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.insert(name.to_lowercase(), value.to_string());
        self
    }

    /// The same, having made a post.
    #[must_use]
    pub fn made(mut self, id: &str) -> Self {
        self.made = Some(id.to_owned());
        self
    }

    /// The same with its body broken off in the middle of a character's worth of JSON.
    #[must_use]
    pub fn malformed(mut self) -> Self {
        let half = self.body.len() / 2;
        let end = (half..self.body.len()).find(|&at| self.body.is_char_boundary(at)).unwrap_or(self.body.len());
        self.body.truncate(end);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        // A cue may hold nonsense; the test that wrote it should see that.
        response.body(Body::from(self.body)).unwrap_or_else(|error| {
            (StatusCode::NOT_IMPLEMENTED, format!("the cue's answer is not valid HTTP: {error}")).into_response()
        })
    }
}
