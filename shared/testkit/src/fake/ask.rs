//! One call, as a platform sees it.

use std::{sync::OnceLock, time::Duration};

use axum::http::{HeaderMap, request::Parts};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Calls for tokens are no larger.
const SMALL_BODY_BYTES: usize = 64 << 10;

/// A whole request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// `GET`, `POST`…
    pub method: String,
    /// The path, undecoded, without the query.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When it came, by the platform's clock.
    pub at: Timestamp,
    /// How much later than usual what it makes shows up in listings.
    pub list_late: Duration,
    /// The body's fields, read when somebody asks for one.
    pub(super) fields: OnceLock<Vec<(String, String)>>,
}

impl Ask {
    pub(crate) fn new(parts: &Parts, body: Bytes, at: Timestamp) -> Self {
        Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            headers: parts.headers.clone(),
            body,
            at,
            list_late: Duration::ZERO,
            fields: OnceLock::new(),
        }
    }

    /// The path's parts.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// A query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header field, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The bearer token.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The name and password of basic authentication, right or wrong.
    pub fn basic(&self) -> Option<(String, String)> {
        let decoded = STANDARD.decode(self.header("authorization")?.strip_prefix("Basic ")?).ok()?;
        let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some((name.to_owned(), password.to_owned()))
    }

    /// The key by which the caller wants a repeat to be recognised.
    pub fn key(&self) -> Option<&str> {
        self.header("idempotency-key").or_else(|| self.header("webhook-id"))
    }

    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body's fields, from a form or from a JSON object, the way Rails reads both: a list `a: [1, 2]` is `a[]` twice.
    pub fn fields(&self) -> &[(String, String)] {
        self.fields.get_or_init(|| self.read_fields())
    }

    /// The first of the body's fields of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The refresh token that a call for tokens shows.
    pub fn refresh_token(&self) -> Option<&str> {
        let is_small = self.method == "POST" && self.body.len() < SMALL_BODY_BYTES;
        is_small.then(|| self.field("refresh_token")).flatten()
    }

    fn read_fields(&self) -> Vec<(String, String)> {
        if !self.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return pairs(&self.body);
        }
        let mut fields = Vec::new();
        for (name, value) in self.json().as_object().into_iter().flatten() {
            match value {
                Value::Array(list) => fields.extend(list.iter().map(|item| (format!("{name}[]"), plain(item)))),
                Value::Null => {}
                other => fields.push((name.clone(), plain(other))),
            }
        }
        fields
    }

    /// Does the body carry this text, in whatever encoding?
    pub fn says(&self, text: &str) -> bool {
        let raw = String::from_utf8_lossy(&self.body);
        raw.contains(text) || self.fields().iter().any(|(_, value)| value.contains(text)) || holds(&self.json(), text)
    }

    /// Tells bodies apart: the start of the SHA-256 in hex.
    pub fn digest(&self) -> String {
        Sha256::digest(&self.body)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(list) => list.iter().any(|item| holds(item, text)),
        Value::Object(map) => map.values().any(|item| holds(item, text)),
        _ => false,
    }
}
