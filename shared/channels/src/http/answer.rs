//! What a platform answered.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

/// A whole answer.
#[derive(Clone)]
pub struct Answer {
    /// The step that was called.
    pub step: &'static str,
    /// Whether the step was a publish point.
    pub point: bool,
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When it was read.
    pub at: Timestamp,
}

impl Answer {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as `T`, if it has that form.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A header field, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Answer {
    /// Neither header fields nor the body: both may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("step", &self.step)
            .field("point", &self.point)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
